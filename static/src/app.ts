import "htmx.org";
import "./css/app.css";
import { keepClocks } from "./clocks";
import { keepDesk } from "./desk";
import { keepDrops } from "./drops";
import { keepForms } from "./forms";
import { keepInboxKeys } from "./inbox";
import { keepMenus } from "./menus";
import { keepTicks } from "./ticking";
import { keepToasts } from "./toasts";

keepClocks();
keepDesk();
keepDrops();
keepForms();
keepInboxKeys();
keepMenus();
keepTicks();
keepToasts();
