import "htmx.org";
import "./css/app.css";
import { keepClocks } from "./clocks";
import { keepDesk } from "./desk";
import { keepForms } from "./forms";
import { keepInboxKeys } from "./inbox";
import { keepMenus } from "./menus";
import { keepToasts } from "./toasts";

keepClocks();
keepDesk();
keepForms();
keepInboxKeys();
keepMenus();
keepToasts();
