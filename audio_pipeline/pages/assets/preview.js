// The page of a preview: timecode of the shown frame, steps of one frame, cues. A position is set to the middle of a
// frame, since players may show the frame before an exact boundary.

const { rate, start } = JSON.parse(document.getElementById("preview").textContent);
const clock = new PictureClock(rate, start);
const frameS = 1 / clock.rate.perSecond;
const video = document.getElementById("video");
const shown = document.getElementById("timecode");

function show(seconds) {
  shown.textContent = clock.at(Math.max(0, seconds));
}

function seek(seconds) {
  const last = Math.max(0, (video.duration || Infinity) - frameS / 2);
  video.currentTime = Math.min(last, Math.max(frameS / 2, seconds + frameS / 2));
}

function step(frames) {
  video.pause();
  seek((Math.floor(video.currentTime / frameS + 1e-6) + frames) * frameS);
}

if ("requestVideoFrameCallback" in video) {
  const follow = (_, frame) => {
    show(frame.mediaTime);
    video.requestVideoFrameCallback(follow);
  };
  video.requestVideoFrameCallback(follow);
} else {
  video.addEventListener("timeupdate", () => show(video.currentTime));
}
video.addEventListener("seeked", () => show(video.currentTime));

document.getElementById("back").addEventListener("click", () => step(-1));
document.getElementById("forward").addEventListener("click", () => step(1));
for (const button of document.querySelectorAll(".cues button")) {
  button.addEventListener("click", () => seek(Number(button.dataset.seconds)));
}
