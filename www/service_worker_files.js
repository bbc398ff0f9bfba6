// What the service worker keeps: {path: SHA-256}. `make site` writes the list; where the page is served from its sources nothing is kept.
self.KEPT_FILES = {};
