/** A clock that browsers don't slow down in hidden pages. */
setInterval(() => postMessage(null), 500);
