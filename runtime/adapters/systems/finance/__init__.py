"""The finance system of the demo: books everything."""

from runtime.adapters.contract import Outlet
from runtime.adapters.simulation import accept

OUTLET = Outlet({"en": "Finance (simulated)", "zh-CN": "财务系统（模拟）"}, accept, simulated=True)
