// A chosen file is shown before it is sent; while a sent one is being read, the page looks again.

const LOOK_AGAIN_MS = 1500;

for (const form of document.querySelectorAll("[data-golden]")) {
  form.elements.picture.addEventListener("change", () => preview(form));
}
if (document.querySelector("[data-preparing]")) setTimeout(lookAgain, LOOK_AGAIN_MS);

// A file that was chosen meanwhile, for another view, would be gone with the page: sending it brings the page anew.
function lookAgain() {
  const isChosen = [...document.querySelectorAll("[data-golden]")].some((form) => form.elements.picture.files.length);
  if (isChosen) setTimeout(lookAgain, LOOK_AGAIN_MS);
  else location.assign(location.pathname);
}

function preview(form) {
  const [file] = form.elements.picture.files;
  const [shown, chosen] = ["[data-shown]", "[data-preview]"].map((part) => form.parentElement.querySelector(part));
  URL.revokeObjectURL(chosen.src);
  if (file) chosen.src = URL.createObjectURL(file);
  shown.hidden = Boolean(file);
  chosen.hidden = !file;
}
