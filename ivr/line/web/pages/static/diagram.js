// Brings the lit step of a diagram into sight, inside its own box, whenever it has moved.

let seen = "";

function follow() {
  for (const box of document.querySelectorAll(".diagram")) {
    const here = box.querySelector(".here");
    if (!here || here.id === seen) continue;
    seen = here.id;
    const [outer, inner] = [box.getBoundingClientRect(), here.getBoundingClientRect()];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.scrollBy({
      left: inner.left + inner.width / 2 - outer.left - outer.width / 2,
      top: inner.top + inner.height / 2 - outer.top - outer.height / 2,
      behavior: calm ? "auto" : "smooth",
    });
  }
}

document.addEventListener("changed", follow);
follow();
