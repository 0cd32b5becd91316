/**
 * Stands between the installed app and the network, and does little: scripts and styles of the shell, whose names change with
 * what is in them, come from its store; a page that no server answers is answered by one that says what to do. Nothing else
 * is touched, and nothing of any order is ever kept. The server writes `SHELL` above this script.
 */

interface Shell {
  readonly version: string;
  readonly files: readonly string[];
  readonly page: string;
  readonly policy: string;
}

interface Lasting extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface Asked extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface Worker {
  readonly SHELL: Shell;
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", act: (event: Lasting) => void): void;
  addEventListener(name: "fetch", act: (event: Asked) => void): void;
}

const worker = self as unknown as Worker;
const { version, files, page, policy } = worker.SHELL;
const STORE = `orderflow ${version}`;

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(STORE)
      .then((store) => store.addAll([...files]))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOlder().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { origin, pathname } = new URL(request.url);
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => noServer()));
  else if (origin === worker.location.origin && files.includes(pathname)) event.respondWith(ofShell(request));
});

async function forgetOlder(): Promise<void> {
  const names = await caches.keys();
  const older = names.filter((name) => name.startsWith("orderflow ") && name !== STORE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

async function ofShell(request: Request): Promise<Response> {
  const store = await caches.open(STORE);
  return (await store.match(request.url)) ?? fetch(request);
}

function noServer(): Response {
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": policy,
    "Cache-Control": "no-store",
  };
  return new Response(page, { status: 503, headers });
}
