/** What the agent is told of what is missing around the pane in Salesforce, by its code. */
export const words = {
  pl: {
    "cti-missing": "Panel nie łączy się z Salesforce (Open CTI nie wystartowało). Telefon działa, ale klikanie numerów i otwieranie rekordów nie. Odśwież stronę.",
    "mic-salesforce-frame": "Salesforce nie przekazuje mikrofonu do tej strony. Administrator musi zezwolić na mikrofon dla zaufanego adresu (Setup → Trusted URLs → Permissions Policy).",
    "mic-bridge-frame": "Strona FCC_WebPhone nie przekazała mikrofonu do panelu. Odśwież stronę; jeśli to nie pomoże, administrator powinien zainstalować pakiet ponownie.",
  },
  en: {
    "cti-missing": "The pane is not connected to Salesforce (Open CTI did not start). The phone works, but clicking numbers and opening records does not. Reload the page.",
    "mic-salesforce-frame": "Salesforce does not pass the microphone on to this page. An administrator must allow the microphone for the trusted address (Setup → Trusted URLs → Permissions Policy).",
    "mic-bridge-frame": "The page FCC_WebPhone did not pass the microphone on to the pane. Reload the page; if that doesn’t help, the administrator should install the package again.",
  },
};
