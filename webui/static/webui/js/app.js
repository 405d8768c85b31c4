// Everything here only adds to pages that work without it.
import "./morph.js";
import "./signed.js";
import "./live.js";
import "./forms.js";
import "./submits.js";
import "./times.js";
import "./menus.js";
import "./copy.js";
import "./keys.js";
import "./palette.js";
import "./needs.js";
import "./filter.js";
import "./board.js";
import "./offer.js";
import "./inbox.js";
import "./facts.js";
import "./editor.js";
import "./uploads.js";
import "./focus.js"; // last: whoever knows better where the focus belongs has put it there by then

// What one page alone needs is fetched by that page: here what nobody can use before it is there, by its template what answers keys.
if (document.querySelector("form[data-passkey]")) import("./passkeys.js");
if (document.querySelector("[data-reads]")) import("./messages.js");
