"""What the demo shop sells and to whom: all invented, with the rare characters that real names have."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """`price` in fen. A custom product is made to order."""

    sku: str
    title: str
    price: int
    custom: bool = False


PRODUCTS = (
    Product("TEA-001", "明前龙井 250 克", 36800),
    Product("TEA-002", "正山小种 罐装", 19800),
    Product("TEA-003", "白毫银针 礼盒", 88000),
    Product("TEA-004", "茉莉花茶 三窨", 9900),
    Product("TEA-005", "陈年普洱 357 克饼", 128000),
    Product("CUP-001", "建盏 油滴", 45600),
    Product("CUP-002", "青瓷盖碗", 16800),
    Product("CUP-003", "手绘粉彩 囍 字对杯", 52000),
    Product("POT-001", "宜兴紫砂壶 西施", 268000),
    Product("POT-002", "银壶 一张打", 986000),
    Product("POT-003", "铸铁壶 1.2 升", 43900),
    Product("TRA-001", "竹茶盘", 12800),
    Product("TRA-002", "乌金石茶盘 80 厘米", 368000),
    Product("SCR-001", "宣纸 四尺 100 张", 15600),
    Product("SCR-002", "徽墨 油烟 101", 23800),
    Product("SCR-003", "端砚 老坑", 568000),
    Product("SCR-004", "湖笔 七紫三羊", 8600),
    Product("SCR-005", "朱砂印泥", 6800),
    Product("SEA-001", "刻章 姓名印（定制）", 28800, custom=True),
    Product("SEA-002", "寿山石藏书印 𠮷 字款（定制）", 158000, custom=True),
    Product("SIL-001", "苏绣团扇", 32600),
    Product("SIL-002", "香云纱围巾", 58800),
    Product("SIL-003", "真丝旗袍（量身定制）", 398000, custom=True),
    Product("SIL-004", "云锦书签", 4900),
    Product("WOD-001", "榫卯小凳 榉木", 26800),
    Product("WOD-002", "黄杨木梳", 13800),
    Product("WOD-003", "楠木官帽椅", 1280000),
    Product("WOD-004", "刻字牌匾（定制）", 218000, custom=True),
    Product("INC-001", "沉香线香 20 克", 18800),
    Product("INC-002", "宣德炉 铜", 76800),
    Product("FOO-001", "桂花糕 礼盒", 7800),
    Product("FOO-002", "金华火腿 整腿", 98000),
    Product("FOO-003", "阳澄湖蟹券 8 只", 69800),
    Product("FOO-004", "山西老陈醋 5 年", 3900),
    Product("GIF-001", "祝福卡片", 500),
    Product("GIF-002", "吉祥如意 春联套装", 2900),
)

BUYERS = (
    "王芳", "李娜", "张伟", "刘洋", "陈静", "杨磊", "赵敏", "黄勇", "周杰", "吴霞", "徐强", "孙丽", "马超", "朱琳",
    "欧阳娜娜", "Aðalbjörg Jónsdóttir", "Nguyễn Thị Hà", "José Muñoz", "Мария Иванова", "佐藤 美咲", "김서연",
    "Maximilian von Hohenstein-Waldenburg", "阿依古丽·买买提",
)  # fmt: skip
RARE_BUYERS = (
    "张𠮷",
    "李堃",
    "陶喆",
    "龚䶮",
    "刘𬭚",
    "𥖄明",
    "司徒㐂",
)  # found where a check for rare characters is wanted

PLACES = (
    ("浙江省", "杭州市", "西湖区", "文三路", "310012"),
    ("上海市", "上海市", "徐汇区", "衡山路", "200030"),
    ("北京市", "北京市", "朝阳区", "建国路", "100022"),
    ("广东省", "深圳市", "南山区", "科技园路", "518057"),
    ("江苏省", "苏州市", "姑苏区", "平江路", "215005"),
    ("四川省", "成都市", "武侯区", "人民南路", "610041"),
    ("福建省", "厦门市", "思明区", "中山路", "361001"),
    ("陕西省", "西安市", "雁塔区", "长安南路", "710061"),
    ("新疆维吾尔自治区", "乌鲁木齐市", "天山区", "解放北路", "830002"),
    ("云南省", "大理白族自治州", "大理市", "人民路", "671003"),
)

NOTES = ("",) * 25 + ("请尽快发货", "周末送货", "送人的，请不要放价格单", "发票抬头：个人", "放门口就好，谢谢🙏")
METHODS = ("alipay", "wechat", "card")
