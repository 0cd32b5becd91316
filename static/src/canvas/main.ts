import "../css/canvas.css";
