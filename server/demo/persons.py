"""Who appears in the demo content: everybody invented, at hospitals that are invented and say so.

The rule: a name stands here once, with the one title and hospital that all texts show beside it.
"""

from typing import Final

from server.demo.telling import Guest

XINGLIN: Final = "杏林示范医院（虚构）"
YUNHU: Final = "云湖示范医院（虚构）"
JIANGNAN: Final = "江南示范医院（虚构）"
QINGLAN: Final = "青岚示范医院（虚构）"
HAITANG: Final = "海棠示范医院（虚构）"
HOSPITALS: Final = (XINGLIN, YUNHU, JIANGNAN, QINGLAN, HAITANG)

CHEN: Final = Guest("陈知远", "主任医师", XINGLIN, "主刀")
LIN: Final = Guest("林若溪", "副主任医师", YUNHU, "主持")
ZHAO: Final = Guest("赵明舟", "主任医师", JIANGNAN, "点评")
SU: Final = Guest("苏婉宁", "护士长", XINGLIN, "护理")
HE: Final = Guest("何一川", "主治医师", YUNHU, "麻醉")
ZHOU: Final = Guest("周砚秋", "影像科主任医师", JIANGNAN, "影像")
SHEN: Final = Guest("沈予安", "副主任护师", YUNHU, "造口护理")
GU: Final = Guest("顾南乔", "主管营养师", XINGLIN, "营养")
LU: Final = Guest("陆清和", "消化内镜中心副主任医师", QINGLAN, "内镜")
FANG: Final = Guest("方简", "手术室主管护师", QINGLAN, "手术室")
XU: Final = Guest("许怀谷", "临床研究方法学教授", HAITANG, "方法学")
YE: Final = Guest("叶闻溪", "主管药师", JIANGNAN, "药学")
TANG: Final = Guest("唐以宁", "康复医学科副主任技师", YUNHU, "康复")
LUO: Final = Guest("罗青野", "老年医学科主治医师", XINGLIN, "老年医学")
WEN: Final = Guest("温予", "感染管理科副主任医师", QINGLAN, "感染管理")
BAI: Final = Guest("白榆", "病理科主任医师", HAITANG, "病理")

PERSONS: Final = {
    person.name: person for person in (CHEN, LIN, ZHAO, SU, HE, ZHOU, SHEN, GU, LU, FANG, XU, YE, TANG, LUO, WEN, BAI)
}
