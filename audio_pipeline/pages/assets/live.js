// A watched page: it reloads when its mix is rendered again, and shows errors.

const kept = "render-ending place";

function told(state) {
  const banner = document.getElementById("live");
  banner.hidden = state.doing === "done";
  banner.classList.toggle("failed", state.doing === "failed");
  banner.textContent = state.doing === "rendering" ? "Rendering …" : (state.words ?? []).join("\n");
  noteLink.hidden = !state.comparison;
  if (state.comparison) noteLink.href = state.comparison;
}

// A click on a note with preset values renders it for a blind comparison with this mix. Only the page served here
// has the token.
const noteKept = "render-ending note";
const noteText = document.createElement("textarea");
const noteButton = document.createElement("button");
const noteLink = document.createElement("a");
const noteState = document.createElement("p");

function placeNote() {
  const section = document.createElement("section");
  const heading = document.createElement("h2");
  heading.id = "note-title";
  heading.textContent = "Hear a note";
  section.id = "note";
  section.setAttribute("aria-labelledby", heading.id);
  Object.assign(noteText, { rows: 2, maxLength: 2000, placeholder: "dropout.fade = 80ms", value: sessionStorage.getItem(noteKept) ?? "" });
  noteText.setAttribute("aria-label", "Values of the preset, a line each");
  noteText.addEventListener("input", () => sessionStorage.setItem(noteKept, noteText.value));
  Object.assign(noteButton, { type: "button", textContent: "Render this note" });
  noteButton.addEventListener("click", sendNote);
  Object.assign(noteLink, { textContent: "Compare blind", hidden: true, target: "_blank", rel: "noopener" });
  noteLink.id = "compare";
  noteState.setAttribute("role", "status");
  const row = document.createElement("p");
  row.append(noteButton, " ", noteLink);
  section.append(heading, noteText, row, noteState);
  document.querySelector("main").append(section);
}

async function sendNote() {
  const headers = { "Content-Type": "application/json", "X-Token": document.getElementById("live").dataset.token };
  const answer = await fetch("/note", { method: "POST", headers, body: JSON.stringify({ note: noteText.value }) }).catch(() => null);
  noteState.textContent = answer?.status === 202 ? "" : "The note was not taken; reload the page and try again.";
}

// Restore the position and the view, and continue to play if the browser allows it.
function keepPlace() {
  if (typeof transport === "undefined") return;
  const { at } = transport;
  sessionStorage.setItem(kept, JSON.stringify({ at, shown: charts.shown, scroll: scrollY }));
}

function returnToPlace() {
  const place = JSON.parse(sessionStorage.getItem(kept) ?? "null");
  if (place === null || typeof transport === "undefined") return;
  sessionStorage.removeItem(kept);
  transport.seek(place.at);
  charts.zoom(...place.shown);
  scrollTo({ top: place.scroll, behavior: "instant" });
}

placeNote();
returnToPlace();
const version = Number(document.getElementById("live").dataset.version);
const events = new EventSource("/events");
events.addEventListener("message", (event) => {
  const state = JSON.parse(event.data);
  if (state.version !== version) {
    events.close();
    keepPlace();
    location.reload();
    return;
  }
  told(state);
});
events.addEventListener("error", () => told({ doing: "failed", words: ["Watch stopped; this is the last render."] }));
