/**
 * Asks before the page goes away with a call in it, for its sound would end with it.
 *
 * The browser shows the question in its own words, and only where somebody has clicked or typed in this frame since it was
 * loaded. Source: HTML, "prompt to unload a document"; docs/phone.md says what that means inside Salesforce.
 *
 * @param {Pick<Window, "addEventListener">} page
 * @param {() => boolean} carriesCall
 */
export function askBeforeLeaving(page, carriesCall) {
  page.addEventListener("beforeunload", (event) => {
    if (!carriesCall()) return;
    event.preventDefault();
    event.returnValue = true; // for Chromium before 119
  });
}
