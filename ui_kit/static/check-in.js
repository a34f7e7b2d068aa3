// check-in.js - asks the phone where it is before a check-in or check-out is sent. A no, a phone that cannot tell, or
// eight seconds without an answer send the form without a place: nobody is kept at the door.
const WAIT = 8000;
const REFUSED = 1;                                                                    // GeolocationPositionError.PERMISSION_DENIED

export const whereAmI = () => new Promise((tell) => {
  if (!navigator.geolocation) { tell({ place: "unavailable" }); return; }
  setTimeout(() => tell({ place: "unavailable" }), WAIT + 500);                       // also while the browser's own question stands unanswered
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => tell({ place: "given", latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy }),
    (problem) => tell({ place: problem.code === REFUSED ? "refused" : "unavailable" }),
    { enableHighAccuracy: true, timeout: WAIT, maximumAge: 30000 },
  );
});

// In the capture phase, so that ui.js sees only the form that is really sent.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-tap]");
  if (!form?.elements.place || form.dataset.asked) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.asking) return;
  form.dataset.asking = "yes";
  const button = event.submitter ?? form.querySelector("button");
  button.classList.add("is-busy");
  for (const [name, value] of Object.entries(await whereAmI())) form.elements[name].value = value;
  form.dataset.asked = "yes";
  form.requestSubmit(button);
}, true);

addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-tap]").forEach((form) => { delete form.dataset.asked; delete form.dataset.asking; });
});
