// A forced-choice test: is X the mix A or the mix B? It has no side effects; the page passes it a random
// choice and reports what was played. An answer counts only after A, B and X were played in that trial.

class AbxTest {
  constructor(a, b, coin = fairCoin) {
    Object.assign(this, { a, b, coin, trials: [], x: coin() ? a : b, played: new Set() });
  }

  // Record that "a", "b" or "x" was played; returns whether it is the first time in this trial.
  play(which) {
    const { size } = this.played;
    return this.played.add(which).size > size;
  }

  // Those of "a", "b" and "x" that must still be played before an answer counts.
  get unplayed() {
    return ["a", "b", "x"].filter((which) => !this.played.has(which));
  }

  // Returns whether the answer counts.
  answer(mix) {
    if (this.unplayed.length) return false;
    this.trials.push({ x: this.x, answer: mix, right: mix === this.x });
    this.x = this.coin() ? this.a : this.b;
    this.played.clear();
    return true;
  }

  get right() {
    return this.trials.filter((trial) => trial.right).length;
  }

  // The probability of at least this many right answers by guessing.
  get p() {
    return guessing(this.trials.length, this.right);
  }

  verdict() {
    const n = this.trials.length;
    if (n === 0) return "No trials.";
    const p = this.p < 0.001 ? "p < 0.001" : `p = ${this.p.toFixed(3)}`;
    const told = this.p <= 0.05 ? "You hear a difference." : n < 5 ? "Five trials are the fewest that can tell." : "This could be guessing.";
    return `${this.right} of ${n} right, ${p}. ${told}`;
  }
}

// P(K ≥ right) for K ~ Binomial(trials, ½), summed in logarithms so that many trials do not overflow.
function guessing(trials, right) {
  let logTerm = -trials * Math.LN2; // log of C(trials, 0) / 2^trials
  let sum = 0;
  for (let k = 0; k <= trials; k++) {
    if (k >= right) sum += Math.exp(logTerm);
    logTerm += Math.log((trials - k) / (k + 1));
  }
  return Math.min(sum, 1);
}

function fairCoin() {
  return crypto.getRandomValues(new Uint8Array(1))[0] < 128;
}

// The Fisher-Yates shuffle with unpredictable random numbers; rejection keeps every order equally likely.
function shuffled(items) {
  const order = [...items];
  for (let n = order.length - 1; n > 0; n--) {
    const limit = 256 - (256 % (n + 1));
    let drawn;
    do drawn = crypto.getRandomValues(new Uint8Array(1))[0];
    while (drawn >= limit);
    const other = drawn % (n + 1);
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}
