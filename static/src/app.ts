import "htmx.org";
import "./css/app.css";
import { keepClocks } from "./clocks";
import { keepForms } from "./forms";
import { keepInboxKeys } from "./inbox";
import { keepMenus } from "./menus";
import { keepToasts } from "./toasts";

keepClocks();
keepForms();
keepInboxKeys();
keepMenus();
keepToasts();
