"use strict";
// Each form names a control endpoint; its fields become JSON, a dotted name a place inside it.
const said = document.getElementById("said");
const was = sessionStorage.getItem("said");
if (was) {
  said.textContent = was;
  sessionStorage.removeItem("said");
}
function put(body, name, value) {
  const keys = name.split(".");
  const last = keys.pop();
  let inner = body;
  keys.forEach((key, index) => {
    const next = index + 1 < keys.length ? keys[index + 1] : last;
    inner[key] ??= /^[0-9]+$/.test(next) ? [] : {};
    inner = inner[key];
  });
  inner[last] = value;
}
function read(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") put(body, field.name, field.checked);
    else if (field.value === "") continue;
    else if (field.dataset.as === "number") put(body, field.name, Number(field.value));
    else if (field.dataset.as === "time") put(body, field.name, field.value + ":00Z");
    else put(body, field.name, field.value);
  }
  return body;
}
document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const sure = form.dataset.sure;
  if (sure && !confirm(sure)) return;
  try {
    const method = form.dataset.method ?? "POST";
    const reply = await fetch("/sandbox/" + form.dataset.post, {
      method,
      headers: { "content-type": "application/json" },
      body: method === "POST" ? JSON.stringify(read(form)) : undefined,
    });
    const answer = await reply.json();
    if (!reply.ok) throw new Error(answer.error);
    const what = form.querySelector("button").textContent;
    sessionStorage.setItem("said", what + ": done " + JSON.stringify(answer).slice(0, 200));
    location.reload();
  } catch (error) {
    said.textContent = "Refused: " + error.message;
    said.focus();
  }
});
