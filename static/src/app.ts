import "htmx.org";
import "./css/app.css";
