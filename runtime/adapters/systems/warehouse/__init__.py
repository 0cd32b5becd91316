"""The warehouse system of the demo: reserves everything."""

from runtime.adapters.contract import Outlet
from runtime.adapters.simulation import accept

OUTLET = Outlet({"en": "Warehouse (simulated)", "zh-CN": "仓储系统（模拟）"}, accept, simulated=True)
