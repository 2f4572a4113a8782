/** Plays what the far end says, as far as the browser lets it. */

/**
 * @typedef {object} SpeakerDependencies
 * @property {HTMLAudioElement} audio
 * @property {() => void} onBlocked the browser holds sound back until the agent clicks
 * @property {() => void} onPlaying
 *
 * @typedef {object} Speaker
 * @property {(connection: RTCPeerConnection) => void} follow play what comes over it
 * @property {() => void} silence
 * @property {() => void} unlock after a click
 */

/**
 * @param {SpeakerDependencies} deps
 * @returns {Speaker}
 */
export function createSpeaker({ audio, onBlocked, onPlaying }) {
  function play() {
    audio.play().then(onPlaying, (/** @type {Error} */ error) => {
      if (error.name === "NotAllowedError") onBlocked();
    });
  }

  return {
    follow(connection) {
      connection.addEventListener("track", (event) => {
        audio.srcObject = event.streams[0] ?? new MediaStream([event.track]);
        play();
      });
    },
    silence() {
      audio.srcObject = null;
    },
    unlock() {
      if (audio.srcObject) play();
    },
  };
}
