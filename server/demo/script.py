"""What the demo series tell: written for this house, with invented people and hospitals, and medically harmless.

The rule: every text can be read by anyone; nothing promises an effect, names a product or gives a dose.
"""

from dataclasses import dataclass, field

MARK = "（演示内容）"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody invented who appears in an episode."""

    name: str
    title: str
    hospital: str
    role: str


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode. ``questions`` are told with the stage whose chapter answers them (0 to 3)."""

    title: str
    summary: str
    questions: tuple[tuple[str, int], ...]
    minutes: int = 12


@dataclass(frozen=True, slots=True)
class Season:
    """Some episodes in their order."""

    title: str
    summary: str
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One series. ``first_day`` is that of its first episode, counted from today; then one every ``every_days``."""

    slug: str
    title: str
    problem: str
    summary: str
    diseases: tuple[tuple[str, str], ...]
    operations: tuple[tuple[str, str], ...]
    team: tuple[Guest, ...]
    hue: int
    first_day: int
    every_days: int
    hour: int
    seasons: tuple[Season, ...] = field(default=())


CHEN = Guest("陈知远", "主任医师", "杏林示范医院（虚构）", "主刀")
LIN = Guest("林若溪", "副主任医师", "云湖医院（虚构）", "主持")
ZHAO = Guest("赵明舟", "主任医师", "江南示范医院（虚构）", "点评")
SU = Guest("苏婉宁", "护士长", "杏林示范医院（虚构）", "护理")
HE = Guest("何一川", "主治医师", "云湖医院（虚构）", "麻醉")

GASTRIC = Series(
    slug="questions-at-the-table",
    title="台前一问",
    problem="一台胃手术，从第一次面诊到出院，团队要回答哪些问题？",
    summary="以问题为线索，跟随一支团队走完胃部手术的面诊、方案、术中与护理四个阶段。每集只回答几个具体问题。",
    diseases=(("gastric", "胃部疾病"),),
    operations=(("gastrectomy", "胃切除术"), ("laparoscopy", "腹腔镜手术")),
    team=(CHEN, LIN, SU, HE),
    hue=196,
    first_day=-38,
    every_days=7,
    hour=20,
    seasons=(
        Season(
            "第一季 走进手术室之前",
            "面诊与方案：把话说清楚，把路想明白。",
            (
                Episode(
                    "第一次面诊，先听什么",
                    "从患者的叙述里找出线索：时间、变化、担心，以及他没有说出口的那一句。",
                    (
                        ("面诊开始的三分钟应当留给谁？", 0),
                        ("哪些信息需要家属补充？", 0),
                        ("记录怎样让后来的人看得懂？", 3),
                    ),
                ),
                Episode(
                    "影像摆在桌上，先看哪里",
                    "三位医生各自读片，再对照彼此的顺序，说出为什么这样看。",
                    (("读片的顺序为什么重要？", 1), ("看法不一致时如何记录？", 1)),
                    13,
                ),
                Episode(
                    "多学科讨论，怎样不开成汇报会",
                    "一次真实节奏的讨论：主持人只问三个问题，其余时间留给分歧。",
                    (("会前一页纸应写什么？", 1), ("谁来做最后的归纳？", 1), ("护理团队从哪一刻开始参与？", 3)),
                    14,
                ),
                Episode(
                    "术前谈话：听懂比签字重要",
                    "用画图代替术语，请患者复述一遍，再决定谈话是否结束。",
                    (("怎样确认对方真的听懂了？", 0), ("图应当画到什么程度？", 0)),
                    11,
                ),
                Episode(
                    "前一晚，团队在做什么",
                    "从器械清单到病房交接，一张时间表把每个人连在一起。",
                    (("清单由谁核对两遍？", 3), ("夜班最需要知道的三件事是什么？", 3)),
                    10,
                ),
            ),
        ),
        Season(
            "第二季 手术灯亮起以后",
            "术中难点与护理配合：慢下来的地方，往往最值得看。",
            (
                Episode(
                    "入路的第一步，为什么反复确认",
                    "示意动画与解说，讲清体位、入路与视野三者的关系。",
                    (("体位改变会影响哪些视野？", 2), ("谁有权喊停？", 2)),
                    12,
                ),
                Episode(
                    "视野不清的时候",
                    "团队复盘一次“看不清”的五分钟：停、退、洗、看、再走。",
                    (("停下来之后第一句话说什么？", 2), ("助手怎样提前一步？", 2)),
                    13,
                ),
                Episode(
                    "重建：顺序与节奏",
                    "把重建拆成六个小步骤，每一步之间留一个检查点。",
                    (("检查点由谁报出？", 2), ("器械护士如何跟上节奏？", 3)),
                    15,
                ),
                Episode(
                    "清点，再清点",
                    "清点不是仪式。护理团队讲述一次数目对不上的夜晚。",
                    (("数目不符时的第一个动作是什么？", 3), ("记录单应当留下哪些时间？", 3)),
                    10,
                ),
                Episode(
                    "复盘会：只谈过程",
                    "一场二十分钟的复盘，三条约定让人愿意开口。",
                    (("复盘为什么不谈对错？", 2), ("结论怎样回到下一台手术？", 1)),
                    12,
                ),
            ),
        ),
    ),
)

LUNG = Series(
    slug="behind-the-nodule",
    title="结节背后",
    problem="体检发现肺结节之后，外科团队怎样一步步把不确定变小？",
    summary="一个结节，四次会面。节目不讨论个案的治疗选择，只呈现团队如何提问、如何记录、如何配合。",
    diseases=(("lung-nodule", "肺结节"),),
    operations=(("segmentectomy", "肺段切除术"), ("thoracoscopy", "胸腔镜手术")),
    team=(ZHAO, LIN, SU),
    hue=158,
    first_day=-24,
    every_days=6,
    hour=19,
    seasons=(
        Season(
            "第一季 把不确定变小",
            "从一张报告单开始。",
            (
                Episode(
                    "一张报告单，怎样读给患者听",
                    "把报告上的每一个词翻译成日常语言，并说清楚哪些还不知道。",
                    (("“建议随访”应当怎样解释？", 0), ("焦虑的患者最想听到什么信息？", 0)),
                    11,
                ),
                Episode(
                    "对比旧片：变化比大小更会说话",
                    "演示如何把不同时间的影像放在同一坐标里比较。",
                    (("没有旧片时怎么办？", 0), ("比较时容易犯哪两个错误？", 1)),
                ),
                Episode(
                    "三维重建能回答什么，不能回答什么",
                    "工程师与外科医生坐在一起，给模型划出边界。",
                    (("模型里看不到的是什么？", 1), ("术中怎样使用模型？", 2)),
                    13,
                ),
                Episode(
                    "定位：团队的共同语言",
                    "用同一套词描述同一个位置，从影像科到手术间不走样。",
                    (("定位信息怎样交接？", 1), ("口头复述为什么有用？", 3)),
                    10,
                ),
                Episode(
                    "切口之下：看清层次",
                    "示意动画讲述层次与界限，解说由年轻医生完成。",
                    (("层次不清时如何退一步？", 2), ("助手的镜子应当停在哪里？", 2)),
                    14,
                ),
                Episode(
                    "肺复张的几分钟",
                    "外科、麻醉与护理三方对表，听见彼此的口令。",
                    (("口令由谁发出？", 2), ("护理在这一刻看什么？", 3)),
                    12,
                ),
                Episode(
                    "引流管的一天",
                    "护士长带着新同事看一根管子的二十四小时。",
                    (("交接班时看哪四样？", 3), ("患者下床前要确认什么？", 3)),
                    11,
                ),
                Episode(
                    "出院那天的十五分钟",
                    "一张纸、一个电话号码、一次复述，让回家的路更踏实。",
                    (("出院指导怎样写成一页？", 3), ("随访时间由谁提醒？", 0)),
                    10,
                ),
            ),
        ),
    ),
)

STOMA = Series(
    slug="a-place-for-a-stoma",
    title="造口之前",
    problem="一个合适的造口位置，需要外科、护理与患者一起决定，怎样做到？",
    summary="从术前定位到回家后的第一周，外科医生与造口护士轮流讲述同一件事的两面。",
    diseases=(("colorectal", "结直肠疾病"),),
    operations=(("stoma", "造口术"),),
    team=(SU, CHEN, ZHAO),
    hue=262,
    first_day=-10,
    every_days=5,
    hour=20,
    seasons=(
        Season(
            "第一季 同一件事的两面",
            "外科与护理，各讲一半。",
            (
                Episode(
                    "定位：坐着、站着、弯腰各看一次",
                    "造口护士示范术前定位的全过程，患者由志愿者扮演。",
                    (("为什么要换三种姿势？", 0), ("标记怎样保留到手术当天？", 3)),
                    12,
                ),
                Episode(
                    "和患者谈造口，从哪句话开始",
                    "先谈生活，再谈手术；先问担心，再给资料。",
                    (("哪些词应当避免？", 0), ("家属何时加入谈话？", 0)),
                    11,
                ),
                Episode(
                    "方案讨论：位置与路径",
                    "外科医生解释位置与路径如何互相影响，护士提出反问。",
                    (("位置冲突时听谁的？", 1), ("讨论结果怎样写进方案？", 1)),
                    13,
                ),
                Episode(
                    "术中：为标记留一条路",
                    "示意动画呈现切口与标记的关系。",
                    (("标记被遮挡时如何处理？", 2), ("器械台上要预留什么？", 3)),
                    12,
                ),
                Episode(
                    "第一次更换，谁在场",
                    "一次教学查房：动作慢下来，让患者看见每一步。",
                    (("第一次更换的目标是什么？", 3), ("怎样鼓励患者自己动手？", 3)),
                    14,
                ),
                Episode(
                    "皮肤在说话",
                    "识别造口周围皮肤的常见变化，何时请造口护士会诊。",
                    (("拍照记录要注意什么？", 3), ("哪些变化需要当天处理？", 3)),
                    10,
                ),
                Episode(
                    "回家后的第一周",
                    "把一周写成七张卡片，每张只讲一件事。",
                    (("第一周最常见的问题是什么？", 3), ("什么时候应当联系团队？", 0)),
                    12,
                ),
                Episode(
                    "重新出门",
                    "三位志愿者讲述散步、工作与旅行。不谈疗效，只谈准备。",
                    (("出门包里放什么？", 3), ("同事问起时可以怎么说？", 0)),
                    11,
                ),
            ),
        ),
    ),
)

ALL = (GASTRIC, LUNG, STOMA)
