// A chosen file is shown before it is sent; while a sent one is being read, the page looks again.

const LOOK_AGAIN_MS = 1500;

for (const form of document.querySelectorAll("[data-golden]")) {
  form.elements.picture.addEventListener("change", () => preview(form));
}
if (document.querySelector("[data-preparing]")) setTimeout(() => location.assign(location.pathname), LOOK_AGAIN_MS);

function preview(form) {
  const [file] = form.elements.picture.files;
  const [shown, chosen] = ["[data-shown]", "[data-preview]"].map((part) => form.parentElement.querySelector(part));
  URL.revokeObjectURL(chosen.src);
  if (file) chosen.src = URL.createObjectURL(file);
  shown.hidden = Boolean(file);
  chosen.hidden = !file;
}
