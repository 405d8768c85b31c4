// Everything here only adds to pages that work without it.
import "./morph.js";
import "./live.js";
import "./forms.js";
import "./times.js";
import "./menus.js";
import "./copy.js";
import "./keys.js";
import "./palette.js";
import "./needs.js";
import "./filter.js";
import "./board.js";
import "./replay.js";
