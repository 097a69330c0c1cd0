/**
 * The session of a doctor in this browser: its tokens and what has been agreed to.
 *
 * The rule: it is read anew at every use, so that several tabs share one; of all who find the access token too old one
 * renews it, in whichever tab, and the others wait for that.
 */

const PLACE = "xinglin.doctor.session";
const RENEWAL = "/api/doctor/sessions/refresh";
const EARLY_MS = 20000;

let renewing = null;

/** What is kept of the session, or null for a guest. */
export function session() {
  try {
    return JSON.parse(localStorage.getItem(PLACE));
  } catch {
    return null;
  }
}

export const signedIn = () => session() !== null;

/** Keep the tokens of an answer; what else was known of the same account stays. */
export function keep(tokens, more = {}) {
  const known = session();
  const same = known && known.account === tokens.account_id ? known : {};
  write({
    ...same,
    account: tokens.account_id,
    access: tokens.access_token,
    refresh: tokens.refresh_token,
    // By the clock of this device, which may be wrong: only how long it lasts counts.
    until: Date.now() + life(tokens.access_token),
    ...more,
  });
}

/** Note something beside the tokens, such as the purposes that were agreed to. */
export function note(more) {
  const known = session();
  if (known) write({ ...known, ...more });
}

export function forget() {
  localStorage.removeItem(PLACE);
}

/** The house knows the session no longer: forget it, and draw the page anew as a guest sees it. */
export function lose() {
  forget();
  location.reload();
}

/** Give an access token that is good for some seconds more, or null for a guest. */
export async function token() {
  const known = session();
  if (!known) return null;
  if (Date.now() < known.until - EARLY_MS) return known.access;
  return renew(known.access);
}

/**
 * Renew the tokens, unless somebody else has done so since `old` was good.
 *
 * Gives the new access token, or null where the session is over. A failure of the network is thrown.
 */
export function renew(old) {
  renewing ??= alone(() => exchange(old)).finally(() => (renewing = null));
  return renewing;
}

async function alone(deed) {
  // Browsers offer locks only where the page came by https, or from this very machine.
  return navigator.locks ? navigator.locks.request("xinglin.doctor.renewal", deed) : deed();
}

async function exchange(old) {
  const known = session();
  if (!known) return null;
  if (known.access !== old) return known.access;
  const answer = await fetch(RENEWAL, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refresh_token: known.refresh }),
  });
  if (answer.ok) {
    const tokens = await answer.json();
    keep(tokens);
    return tokens.access_token;
  }
  if (answer.status === 401) {
    lose();
    return null;
  }
  throw new TypeError(`The renewal was answered with ${answer.status}.`);
}

function write(value) {
  localStorage.setItem(PLACE, JSON.stringify(value));
}

function life(access) {
  const claims = JSON.parse(atob(access.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  return (claims.exp - claims.iat) * 1000;
}
