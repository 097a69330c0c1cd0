"""The two demo apps and the people who use them, the same at every start.

The rule: nothing here opens anything real. The openids follow from the names, so that they too are the same at every
start and on every machine.
"""

from server.sandbox.world import Template, User, WeChatApp

DOCTOR_APPID = "wx0000000000d0c701"
DOCTOR_SECRET = "demo-secret-of-the-doctor-app-00"  # noqa: S105 -- opens the stand-in only
DOCTOR_ORIGINAL_ID = "gh_00000000d0c7"
PATIENT_APPID = "wx00000000009a71e7"
PATIENT_SECRET = "demo-secret-of-the-patient-app-0"  # noqa: S105 -- opens the stand-in only
PATIENT_ORIGINAL_ID = "gh_000000009a71"

PUSH_TOKEN = "demoPushToken"  # noqa: S105 -- signs pushes of the stand-in only
PUSH_AES_KEY = "ZGVtby1rZXktb2YtdGhlLXN0YW5kLWluLTMyLWJ5dGU"

OPEN_PLATFORM = "demo-open-platform"

TEMPLATE_STARTS_SOON = "demo-template-starts-soon-00000000000000000"
TEMPLATE_TIME_CHANGED = "demo-template-time-changed-0000000000000000"
TEMPLATE_CANCELLED = "demo-template-cancelled-0000000000000000000"
TEMPLATE_REVIEWED = "demo-template-reviewed-0000000000000000000000"
TEMPLATE_FOLLOW_UP = "demo-template-follow-up-0000000000000000000"

DOCTOR = "doctor-chen"
SECOND_DOCTOR = "doctor-lin"
VERIFIED_DOCTOR = "doctor-he"
WAITING_DOCTOR = "doctor-su"
PATIENT = "patient-wang"
SECOND_PATIENT = "patient-zhao"


def demo_apps() -> list[WeChatApp]:
    """Make the doctor app and the patient app, bound to one Open Platform account."""
    starts_soon = Template(TEMPLATE_STARTS_SOON, "节目开播提醒", ("thing1", "time2", "thing3"))
    time_changed = Template(TEMPLATE_TIME_CHANGED, "日程变更通知", ("thing1", "thing2", "time3", "thing4"))
    cancelled = Template(TEMPLATE_CANCELLED, "活动取消通知", ("thing1", "time2", "thing3"))
    reviewed = Template(TEMPLATE_REVIEWED, "审核结果通知", ("thing1", "phrase2", "time3", "thing4"))
    follow_up = Template(TEMPLATE_FOLLOW_UP, "随访提醒", ("thing1", "time2", "thing3"))
    return [
        WeChatApp(
            appid=DOCTOR_APPID,
            secret=DOCTOR_SECRET,
            name="杏林医生（演示）",
            original_id=DOCTOR_ORIGINAL_ID,
            open_platform=OPEN_PLATFORM,
            templates={template.template_id: template for template in (starts_soon, time_changed, cancelled, reviewed)},
        ),
        WeChatApp(
            appid=PATIENT_APPID,
            secret=PATIENT_SECRET,
            name="杏林患者（演示）",
            original_id=PATIENT_ORIGINAL_ID,
            open_platform=OPEN_PLATFORM,
            templates={template.template_id: template for template in (starts_soon, cancelled, follow_up)},
        ),
    ]


def demo_users() -> list[User]:
    """Make four doctors and two patients; the second doctor uses the patient app as well."""
    return [
        User(DOCTOR, "演示医生陈", phone="13800138001", country_code=86),
        User(SECOND_DOCTOR, "演示医生林", phone="13800138002", country_code="86"),
        User(VERIFIED_DOCTOR, "演示医生何（已认证）", phone="13800138004", country_code="86"),
        User(WAITING_DOCTOR, "演示医生苏（认证审核中）", phone="13800138005", country_code="86"),
        User(PATIENT, "演示患者王", phone="13800138003", country_code="86"),
        User(SECOND_PATIENT, "演示患者赵", phone="60000001", country_code="852"),
    ]
