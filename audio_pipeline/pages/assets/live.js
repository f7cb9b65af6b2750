// A page that is being watched: it hears when its mix was rendered again, and says what went wrong.

const kept = "render-ending place";

function told(state) {
  const banner = document.getElementById("live");
  banner.hidden = state.doing === "done";
  banner.classList.toggle("failed", state.doing === "failed");
  banner.textContent = state.doing === "rendering" ? "Rendering …" : (state.words ?? []).join("\n");
}

// Come back to the same place with the same view, and go on playing where the browser lets us.
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
