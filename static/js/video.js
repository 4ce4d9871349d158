// A press on a video's picture puts the video in its place. Until then its host is asked for nothing; without this
// file the picture is a link to it.
for (const video of document.querySelectorAll("[data-video]")) {
  video.querySelector("a").addEventListener("click", (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const frame = document.createElement("iframe");
    frame.className = "video__frame";
    frame.title = video.dataset.title;
    frame.allow = "autoplay; encrypted-media; fullscreen; picture-in-picture";
    frame.referrerPolicy = "strict-origin-when-cross-origin";
    frame.src = video.dataset.video;
    event.currentTarget.replaceWith(frame);
    frame.focus();
  });
}
