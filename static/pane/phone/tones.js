/**
 * The sounds the pane makes itself: the ring for a call that comes in, and the ringing tone while a call goes out and
 * the far end sends none. 425 Hz, one second on, four off, as Polish networks do.
 * Source: ITU-T E.180, supplement 2.
 */

/**
 * @typedef {object} Tones
 * @property {(kind: "ring"|"ringback"|"none") => void} play
 * @property {() => void} unlock after a click
 * @property {() => void} digit a short sound for a key
 */

/**
 * @param {() => AudioContext} createContext
 * @param {() => void} onBlocked the browser holds sound back until the agent clicks
 * @param {() => void} onRunning it no longer does
 * @returns {Tones}
 */
export function createTones(createContext, onBlocked, onRunning) {
  let context = /** @type {AudioContext|null} */ (null); // made with the first sound
  let playing = /** @type {"ring"|"ringback"|"none"} */ ("none"); // what repeats
  let timer = /** @type {ReturnType<typeof setInterval>|undefined} */ (undefined); // that repeats it

  function made() {
    if (!context) {
      const mine = createContext();
      mine.onstatechange = () => {
        if (mine.state === "running") onRunning();
      };
      context = mine;
    }
    return context;
  }

  function ready() {
    const mine = made();
    if (mine.state === "suspended") {
      void mine.resume().catch(() => undefined);
      setTimeout(() => {
        if (mine.state === "suspended" && playing !== "none") onBlocked();
      }, 400);
    }
    return mine;
  }

  /**
   * @param {number[]} frequencies
   * @param {number} from seconds from now
   * @param {number} length seconds
   * @param {number} loudness 0 to 1
   */
  function beep(frequencies, from, length, loudness) {
    const audio = ready();
    const gain = audio.createGain();
    const start = audio.currentTime + from;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(loudness, start + 0.02);
    gain.gain.setValueAtTime(loudness, start + length - 0.03);
    gain.gain.linearRampToValueAtTime(0, start + length);
    gain.connect(audio.destination);
    for (const frequency of frequencies) {
      const tone = audio.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain);
      tone.start(start);
      tone.stop(start + length);
      sounding.add(tone);
      tone.onended = () => sounding.delete(tone);
    }
  }
  /** @type {Set<OscillatorNode>} */
  const sounding = new Set();

  function once() {
    if (playing === "ringback") beep([425], 0, 1, 0.12);
    if (playing === "ring") {
      beep([523.25, 659.25], 0, 0.35, 0.18);
      beep([587.33, 783.99], 0.4, 0.5, 0.18);
    }
  }

  return {
    play(kind) {
      if (kind === playing) return;
      playing = kind;
      clearInterval(timer);
      for (const tone of sounding) tone.stop();
      sounding.clear();
      if (kind === "none") return;
      once();
      timer = setInterval(once, kind === "ring" ? 2600 : 5000);
    },
    unlock() {
      void made().resume().catch(() => undefined);
    },
    digit() {
      beep([660], 0, 0.08, 0.06);
    },
  };
}
