"""The canvas: the page on which a flow is drawn, and the addresses that it reads and saves through."""
