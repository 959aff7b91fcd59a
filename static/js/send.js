// @ts-check
/** Sends a form and brings the answer back as data. */

/** @typedef {{ isDone: boolean, url: string, code: string, detail: string, errors: Record<string, string[]> }} Answer */

/** @param {string} url @param {FormData | URLSearchParams} fields @returns {Promise<Answer>} */
export async function send(url, fields) {
  let response;
  try {
    response = await fetch(url, { method: "POST", body: fields, headers: { Accept: "application/json", "X-CSRFToken": token() } });
  } catch {
    return failed("unreachable", "The server cannot be reached, so it is not known whether anything was done. Look at the state once the link is back.");
  }
  if (!response.headers.get("Content-Type")?.startsWith("application/json")) return failed("strange", strange(response));
  const body = await response.json();
  return { isDone: response.ok, url: body.url ?? "", code: body.code ?? "", detail: body.detail ?? "", errors: body.errors ?? {} };
}

/** What the server makes of these fields, as data; null where it cannot be asked, or refuses. @param {string} url @param {URLSearchParams} fields @returns {Promise<any>} */
export async function consult(url, fields) {
  try {
    const response = await fetch(url, { method: "POST", body: fields, headers: { Accept: "application/json", "X-CSRFToken": token() } });
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    return response.ok && isJson ? await response.json() : null;
  } catch {
    return null;
  }
}

/** What the server knows of it, as data; null where it cannot be asked. @param {string} url @returns {Promise<any>} */
export async function read(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    return response.ok && isJson ? await response.json() : null;
  } catch {
    return null;
  }
}

/** What the server says to a question that needs more than an address; null where it cannot be asked. @param {string} url @param {FormData} fields @returns {Promise<any>} */
export async function post(url, fields) {
  try {
    const response = await fetch(url, { method: "POST", body: fields, headers: { Accept: "application/json", "X-CSRFToken": token() } });
    return response.ok && response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : null;
  } catch {
    return null;
  }
}

/** @param {Response} response */
function strange(response) {
  if (response.redirected && new URL(response.url).pathname === "/login/") return "You are logged out: load this page again to log in. Nothing was done.";
  return response.status === 403 ? "The page has grown old: load it again. Nothing was done." : `The server answered ${response.status} ${response.statusText}.`;
}

/** @param {string} code @param {string} detail @returns {Answer} */
function failed(code, detail) {
  return { isDone: false, url: "", code, detail, errors: {} };
}

function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}
