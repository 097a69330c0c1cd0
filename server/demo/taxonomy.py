"""The demo taxonomy: the tags of every facet, in both languages, some under others.

The rule: whatever is there already stays as it is, so that editors may rename a tag without a start undoing it.
"""

from datetime import datetime
from typing import Final, NamedTuple

from content import tags


class Entry(NamedTuple):
    """A tag, and the tag of its facet that it stands under."""

    slug: str
    name_zh: str
    name_en: str
    parent: str = ""


TAXONOMY: Final[dict[str, tuple[Entry, ...]]] = {
    "disease": (
        Entry("digestive", "消化系统疾病", "Digestive diseases"),
        Entry("gastric", "胃部疾病", "Gastric diseases", "digestive"),
        Entry("colorectal", "结直肠疾病", "Colorectal diseases", "digestive"),
        Entry("esophageal", "食管疾病", "Esophageal diseases", "digestive"),
        Entry("gerd", "胃食管反流", "Gastro-esophageal reflux", "digestive"),
        Entry("fatty-liver", "脂肪肝", "Fatty liver", "digestive"),
        Entry("chest", "胸部疾病", "Chest diseases"),
        Entry("lung-nodule", "肺结节", "Lung nodule", "chest"),
        Entry("breast", "乳腺疾病", "Breast diseases"),
        Entry("thyroid", "甲状腺疾病", "Thyroid diseases"),
        Entry("hernia", "疝", "Hernia"),
        Entry("metabolic", "代谢与慢病", "Metabolic and chronic diseases"),
        Entry("diabetes", "糖尿病", "Diabetes", "metabolic"),
        Entry("hypertension", "高血压", "Hypertension", "metabolic"),
        Entry("malnutrition", "营养不良", "Malnutrition", "metabolic"),
        Entry("after-surgery", "术后问题", "Problems after surgery"),
        Entry("ssi", "手术部位感染", "Surgical site infection", "after-surgery"),
        Entry("vte", "静脉血栓栓塞", "Venous thromboembolism", "after-surgery"),
        Entry("delirium", "术后谵妄", "Postoperative delirium", "after-surgery"),
        Entry("pressure-injury", "压力性损伤", "Pressure injury", "after-surgery"),
    ),
    "specialty": (
        Entry("general-surgery", "普通外科", "General surgery"),
        Entry("thoracic-surgery", "胸外科", "Thoracic surgery"),
        Entry("anesthesiology", "麻醉科", "Anesthesiology"),
        Entry("operating-room", "手术室", "Operating room"),
        Entry("endoscopy", "消化内镜", "Digestive endoscopy"),
        Entry("radiology", "影像科", "Radiology"),
        Entry("pathology", "病理科", "Pathology"),
        Entry("nursing", "护理", "Nursing"),
        Entry("stoma-care", "造口护理", "Stoma care", "nursing"),
        Entry("nutrition", "临床营养", "Clinical nutrition"),
        Entry("rehabilitation", "康复医学", "Rehabilitation medicine"),
        Entry("geriatrics", "老年医学", "Geriatrics"),
        Entry("pharmacy", "药学", "Pharmacy"),
        Entry("infection-control", "感染管理", "Infection control"),
    ),
    "operation": (
        Entry("laparoscopy", "腹腔镜手术", "Laparoscopy"),
        Entry("thoracoscopy", "胸腔镜手术", "Thoracoscopy"),
        Entry("robotic", "机器人辅助手术", "Robot-assisted surgery"),
        Entry("gastrectomy", "胃切除术", "Gastrectomy"),
        Entry("colectomy", "结肠切除术", "Colectomy"),
        Entry("segmentectomy", "肺段切除术", "Segmentectomy"),
        Entry("cholecystectomy", "胆囊切除术", "Cholecystectomy"),
        Entry("stoma", "造口术", "Stoma formation"),
        Entry("gastroscopy", "胃镜检查", "Gastroscopy"),
        Entry("colonoscopy", "结肠镜检查", "Colonoscopy"),
    ),
    "topic": (
        Entry("perioperative", "围手术期", "Perioperative care"),
        Entry("eras", "加速康复", "Enhanced recovery", "perioperative"),
        Entry("prehabilitation", "预康复", "Prehabilitation", "perioperative"),
        Entry("fasting", "术前禁食", "Fasting before surgery", "perioperative"),
        Entry("pain", "镇痛", "Pain relief", "perioperative"),
        Entry("safety", "患者安全", "Patient safety"),
        Entry("checklist", "安全核查", "Safety checklist", "safety"),
        Entry("handover", "交接班", "Handover", "safety"),
        Entry("hygiene", "清洁与消毒", "Hygiene and disinfection", "safety"),
        Entry("quality", "质量改进", "Quality improvement", "safety"),
        Entry("teamwork", "团队协作", "Teamwork"),
        Entry("mdt", "多学科讨论", "Multidisciplinary discussion", "teamwork"),
        Entry("teaching", "教学与培训", "Teaching and training", "teamwork"),
        Entry("communication", "医患沟通", "Communication with patients"),
        Entry("patient-education", "患者教育", "Patient education", "communication"),
        Entry("follow-up", "随访", "Follow-up", "communication"),
        Entry("ethics", "医学伦理", "Medical ethics", "communication"),
        Entry("evidence", "证据与数据", "Evidence and data"),
        Entry("research-methods", "研究方法", "Research methods", "evidence"),
        Entry("data", "数据与登记", "Data and registries", "evidence"),
        Entry("imaging", "影像判读", "Reading images", "evidence"),
        Entry("ai", "辅助判读", "Computer-aided reading", "evidence"),
    ),
    "stage": (
        Entry("stage-screening", "筛查", "Screening"),
        Entry("stage-consultation", "面诊", "Consultation"),
        Entry("stage-plan", "方案与准备", "Plan and preparation"),
        Entry("stage-operation", "术中", "During the operation"),
        Entry("stage-nursing", "术后护理", "Care after the operation"),
        Entry("stage-rehab", "康复", "Rehabilitation"),
        Entry("stage-follow-up", "随访阶段", "Follow-up period"),
    ),
    "literacy": (
        Entry("literacy-basic", "入门", "Basic"),
        Entry("literacy-intermediate", "进阶", "Intermediate"),
        Entry("literacy-advanced", "专业", "Advanced"),
    ),
    "health-day": (
        Entry("liver-day", "全国爱肝日", "National Love Your Liver Day"),
        Entry("cancer-week", "全国肿瘤防治宣传周", "National Cancer Prevention Week"),
        Entry("hand-hygiene-day", "世界手卫生日", "World Hand Hygiene Day"),
        Entry("nurses-day", "国际护士节", "International Nurses Day"),
        Entry("nutrition-week", "全民营养周", "National Nutrition Week"),
        Entry("no-tobacco-day", "世界无烟日", "World No Tobacco Day"),
        Entry("doctors-day", "中国医师节", "Chinese Doctors' Day"),
        Entry("patient-safety-day", "世界患者安全日", "World Patient Safety Day"),
        Entry("ostomy-day", "世界造口日", "World Ostomy Day"),
        Entry("hypertension-day", "全国高血压日", "National Hypertension Day"),
        Entry("pain-week", "中国镇痛周", "Pain Week of China"),
        Entry("diabetes-day", "联合国糖尿病日", "World Diabetes Day"),
    ),
}


async def seed(*, staff_id: int, at: datetime) -> None:
    """Make the tags that are missing, each after the one it stands under."""
    known = {tag.slug for tag in await tags.listing()}
    for facet, entries in TAXONOMY.items():
        for position, entry in enumerate(entries, start=1):
            if entry.slug not in known:
                await tags.save(
                    slug=entry.slug,
                    facet=facet,
                    name_zh=entry.name_zh,
                    name_en=entry.name_en,
                    parent_slug=entry.parent or None,
                    position=position,
                    staff_id=staff_id,
                    at=at,
                )
