"""Backup of a shop that works, and restore into its home after all of it was killed."""

from pathlib import Path

from tests.supervision.houses import end, house
from tests.supervision.test_up import free_port, settled, token_of


def test_a_killed_shop_goes_on_from_its_backup_with_all_its_orders(tmp_path: Path) -> None:
    with house(tmp_path, ORDERFLOW_DEMO="1", ORDERFLOW_PORT=str(free_port())) as shop:
        shop.start()
        shop.wait_for(lambda: settled(shop, orders=60))
        saved = shop.command("backup", str(tmp_path / "shop.zip"))
        assert saved.returncode == 0, saved.stderr
        assert "orders in" in saved.stdout
        busy = shop.command("restore", str(tmp_path / "shop.zip"))
        assert busy.returncode == 1
        assert "Orderflow runs in" in busy.stderr
        end(shop.process)

        back = shop.command("restore", str(tmp_path / "shop.zip"))
        assert back.returncode == 0, back.stderr
        assert "What was there before lies in" in back.stdout
        shop.start()
        shop.wait_for(lambda: settled(shop, orders=60))
        balance = shop.ask("/api/v1/balance", token=token_of(shop))[1]
        assert balance["difference"] == 0
        assert shop.interrupt() == 0
