// Says how fresh the page is, and keeps quiet while nobody looks. htmx does the rest.
"use strict";

(function () {
  const lost = () => document.getElementById("lost");
  const asOf = () => document.getElementById("as-of");

  function answered() {
    lost().hidden = true;
    asOf().textContent = "Updated " + new Date().toLocaleTimeString([], { hour12: false });
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (document.getElementById("live")) answered();
    // What was done is said once, not again when the page is loaded anew.
    const address = new URL(location.href);
    if (address.searchParams.has("said")) {
      address.searchParams.delete("said");
      history.replaceState(null, "", address);
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const everySoOften = event.detail.requestConfig.triggeringEvent?.type === "hx:poll:trigger";
    if (document.hidden && everySoOften) event.preventDefault();
  });

  // The retry button under the pointer, the series that somebody unfolded: renewing must not
  // take them away.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const chosen = document.getSelection();
    const live = document.getElementById("live");
    if (event.detail.target === live && chosen && !chosen.isCollapsed &&
        live.contains(chosen.anchorNode)) {
      event.detail.shouldSwap = false;
      return;
    }
    const open = Array.from(document.querySelectorAll("details[open][id]"), (each) => each.id);
    document.addEventListener("htmx:afterSwap", () => {
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    }, { once: true });
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) answered();
    else lost().hidden = false;
  });

  document.addEventListener("visibilitychange", () => {
    const live = document.getElementById("live");
    if (!document.hidden && live) htmx.trigger(live, "renew");
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "days") event.target.form.submit();
  });
})();
