// Fields for files take drops by themselves; this shows where, and tells the server the paths of a directory's files.
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => event.target.closest?.(".drop")?.classList.toggle("over", name === "dragenter" || name === "dragover"));
}

for (const form of document.querySelectorAll("form[data-paths]")) {
  const directory = form.querySelector("[webkitdirectory]");
  directory.closest("[data-needs-script]").hidden = false;
  form.addEventListener("formdata", ({ formData }) => {
    formData.set("paths", JSON.stringify([...directory.files].map((file) => file.webkitRelativePath || file.name)));
  });
}
