"""Whether the Salesforce project is sound in itself: what Salesforce would refuse at deployment, found here."""

from __future__ import annotations

import json
import pathlib
import re
import xml.etree.ElementTree as ET

import pytest

from cti.domain import org_fields
from cti.domain.org_fields import READ
from tests.metadata.project import (
    APPS,
    FILES,
    MAIN,
    NAMESPACE,
    RENDERED,
    ROOT,
    SOURCE,
    element,
    folder,
    local,
    metadata,
    one,
    stem,
    text,
)
from tools import render_metadata

PAGE = MAIN + "pages/FCC_WebPhone.page"
CALL_CENTER = "force-app/call-center/callCenters/FCC.callCenter-meta.xml"

# Fields that are not under field-level security: whoever may see the object has them. Source: Metadata API Developer
# Guide, "PermissionSet": required fields and those of the system may not stand in a permission set.
ALWAYS_THERE = {
    "Account": frozenset({"Id", "Name"}),
    "Contact": frozenset({"Id", "Name"}),
    "Lead": frozenset({"Id", "Name", "IsConverted"}),
    "Case": frozenset({"Id", "CaseNumber"}),
    "Task": frozenset(
        {
            "Id",
            "IsDeleted",
            "CreatedById",
            "OwnerId",
            "Status",
            "TaskSubtype",
            "CallType",
            "CallDurationInSeconds",
            "CallDisposition",
            "CallObject",
        }
    ),
}

# What each type may hold, from the pages of the same names in the Metadata API Developer Guide (API 67.0). A name with
# a slash is an element inside an element. An element that is not here is a spelling mistake or needs looking up; some
# are left out on purpose: a field of Activity has no historical trending (trackTrending), and
# ExternalClientAppSettings.enableConsumerSecretApiAccess is deprecated.
ALLOWED = {
    "ApexClass": "apiVersion status packageVersions",
    "ApexPage": "apiVersion availableInTouch confirmationTokenRequired description label packageVersions",
    "CallCenter": "adapterUrl customSettings displayName displayNameLabel internalNameLabel sections sections/items"
    " sections/items/label sections/items/name sections/items/value sections/label sections/name version",
    "CspTrustedSite": "canAccessCamera canAccessMicrophone context description endpointUrl isActive"
    " isApplicableToConnectSrc isApplicableToFontSrc isApplicableToFrameSrc isApplicableToImgSrc"
    " isApplicableToMediaSrc isApplicableToStyleSrc",
    "CustomApplication": "brand description formFactors isNavAutoTempTabsDisabled isNavPersonalizationDisabled"
    " isNavTabPersistenceDisabled label navType tabs uiType utilityBar",
    "CustomField": "fullName caseSensitive description externalId label length precision required scale"
    " type unique valueSet valueSet/restricted valueSet/valueSetDefinition valueSet/valueSetDefinition/sorted"
    " valueSet/valueSetDefinition/value valueSet/valueSetDefinition/value/fullName"
    " valueSet/valueSetDefinition/value/default valueSet/valueSetDefinition/value/label",
    "ExternalClientApplication": "contactEmail contactPhone description distributionState iconUrl infoUrl isProtected"
    " label logoUrl orgScopedExternalApp",
    "ExternalClientAppSettings": "enableExternalClientApps",
    "ExtlClntAppCanvasSettings": "accessMethod canvasLocationOptions canvasOptions canvasUrl externalClientApplication"
    " label lifeCycleHandler samlInitiationMethod",
    "ExtlClntAppConfigurablePolicies": "externalClientApplication isCanvasPluginEnabled isEnabled isMobilePluginEnabled"
    " isNotificationPluginEnabled isOauthPluginEnabled isPushPluginEnabled isSamlPluginEnabled label startPage"
    " startUrl",
    "ExtlClntAppGlobalOauthSettings": "callbackUrl certificate consumerKey consumerSecret externalClientApplication"
    " isClientCredentialsFlowEnabled isConsumerSecretOptional isIntrospectAllTokens isPkceRequired"
    " isRefreshTokenRotationEnabled isSecretRequiredForRefreshToken label shouldRotateConsumerKey"
    " shouldRotateConsumerSecret",
    "ExtlClntAppOauthConfigurablePolicies": "clientCredentialsFlowUser commaSeparatedPermissionSet"
    " commaSeparatedProfile externalClientApplication ipRelaxationPolicyType isClientCredentialsFlowEnabled label"
    " permittedUsersPolicyType refreshTokenPolicyType refreshTokenValidityPeriod refreshTokenValidityUnit"
    " requiredSessionLevel sessionTimeoutInMinutes startUrl",
    "ExtlClntAppOauthSettings": "commaSeparatedOauthScopes externalClientApplication label oauthLink singleLogoutUrl"
    " trustedIpRanges",
    "FlexiPage": "description masterLabel type template template/name template/properties template/properties/name"
    " template/properties/value flexiPageRegions flexiPageRegions/name flexiPageRegions/type"
    " flexiPageRegions/itemInstances flexiPageRegions/itemInstances/componentInstance"
    " flexiPageRegions/itemInstances/componentInstance/componentName"
    " flexiPageRegions/itemInstances/componentInstance/identifier"
    " flexiPageRegions/itemInstances/componentInstance/componentInstanceProperties"
    " flexiPageRegions/itemInstances/componentInstance/componentInstanceProperties/name"
    " flexiPageRegions/itemInstances/componentInstance/componentInstanceProperties/type"
    " flexiPageRegions/itemInstances/componentInstance/componentInstanceProperties/value",
    "PermissionSet": "applicationVisibilities applicationVisibilities/application"
    " applicationVisibilities/visible classAccesses classAccesses/apexClass classAccesses/enabled description"
    " fieldPermissions fieldPermissions/editable fieldPermissions/field fieldPermissions/readable"
    " hasActivationRequired label license objectPermissions objectPermissions/allowCreate"
    " objectPermissions/allowDelete objectPermissions/allowEdit objectPermissions/allowRead"
    " objectPermissions/modifyAllRecords objectPermissions/object objectPermissions/viewAllRecords pageAccesses"
    " pageAccesses/apexPage pageAccesses/enabled userPermissions userPermissions/enabled userPermissions/name",
    "RemoteSiteSetting": "description disableProtocolSecurity isActive url",
    "SecuritySettings": "enablePermissionsPolicy grantCameraAccess grantMicrophoneAccess",
    "StaticResource": "cacheControl contentType description",
}
ENUMERATIONS = {
    ("ApexClass", "status"): {"Active", "Inactive", "Deleted"},
    ("CspTrustedSite", "context"): {
        "All",
        "Communities",
        "FieldServiceMobileExtension",
        "LEX",
        "LightningOut",
        "VisualForce",
    },
    ("CustomApplication", "formFactors"): {"Large", "Medium", "Small"},
    ("CustomApplication", "navType"): {"Standard", "Console"},
    ("CustomApplication", "uiType"): {"Aloha", "Lightning"},
    ("CustomField", "type"): {"DateTime", "Email", "Number", "Phone", "Picklist", "Text", "Url"},
    ("ExternalClientApplication", "distributionState"): {"Local", "Packaged"},
    ("ExtlClntAppCanvasSettings", "accessMethod"): {"Get", "Post"},
    ("ExtlClntAppCanvasSettings", "canvasLocationOptions"): {
        "Aura",
        "ChatterFeed",
        "MobileNav",
        "None",
        "PageLayout",
        "Publisher",
        "Visualforce",
    },
    ("ExtlClntAppCanvasSettings", "samlInitiationMethod"): {"IdpInitiated", "SpInitiated", "None"},
    ("ExtlClntAppConfigurablePolicies", "startPage"): {"Custom", "None", "OAuth"},
    ("ExtlClntAppOauthConfigurablePolicies", "permittedUsersPolicyType"): {
        "AdminApprovedPreAuthorized",
        "AllSelfAuthorized",
    },
    ("ExtlClntAppOauthConfigurablePolicies", "refreshTokenPolicyType"): {
        "Infinite",
        "SpecificInactivity",
        "SpecificLifetime",
        "Zero",
    },
    ("ExtlClntAppOauthConfigurablePolicies", "ipRelaxationPolicyType"): {
        "Enforce",
        "Bypass",
        "Bypass_2factor",
        "Enforce_RelaxRefresh",
    },
    ("FlexiPage", "type"): {"UtilityBar"},
    ("FlexiPage", "flexiPageRegions/type"): {"Region", "Facet", "Background"},
    ("SecuritySettings", "grantMicrophoneAccess"): {"Always", "TrustedUrls", "Never"},
    ("StaticResource", "cacheControl"): {"Public", "Private"},
}
BOOLEAN = re.compile(
    r"^(is[A-Z]|can[A-Z]|allow[A-Z]|enable[A-Z]|should[A-Z]|has[A-Z]|modify|viewAll"
    r"|(enabled|editable|readable|required|unique|externalId|caseSensitive|visible|default|restricted|sorted"
    r"|disableProtocolSecurity|availableInTouch|confirmationTokenRequired)$)"
)


def walk(root: ET.Element, above: str = "") -> list[tuple[str, ET.Element]]:
    found = []
    for child in root:
        path = f"{above}{local(child.tag)}"
        found.append((path, child))
        found += walk(child, path + "/")
    return found


def kind(path: str) -> str:
    return local(element(path).tag)


@pytest.mark.parametrize("path", [path for path in [*FILES, *RENDERED] if path.endswith((".xml", ".page"))])
def test_every_xml_file_is_well_formed(path: str) -> None:
    for files in (FILES, RENDERED):
        if path in files:
            content = files[path]
            if path.endswith(".page"):
                content = content.replace("<apex:page", '<apex:page xmlns:apex="urn:apex"', 1)
            ET.fromstring(content)


@pytest.mark.parametrize("path", metadata(RENDERED))
def test_each_file_lies_where_salesforce_looks_for_its_type_and_ends_as_its_type_does(path: str) -> None:
    suffix, name = render_metadata.TYPES[folder(path)]
    root = kind(path)
    assert root == (f"{stem(path)}Settings" if name == "Settings" else name)
    assert path.endswith(f".{suffix}-meta.xml")
    own = stem(path).removesuffix("__c") if name == "CustomField" else stem(path)
    assert re.fullmatch(r"[A-Za-z](?!.*__)[A-Za-z0-9_]*[A-Za-z0-9]", own)
    assert len(stem(path)) <= 80


@pytest.mark.parametrize("path", metadata(RENDERED))
def test_each_file_holds_only_elements_that_its_type_has(path: str) -> None:
    allowed = set(ALLOWED[kind(path)].split())
    for name, child in walk(element(path)):
        assert name in allowed
        value = (child.text or "").strip()
        if (kind(path), name) in ENUMERATIONS:
            assert value in ENUMERATIONS[kind(path), name], name
        if BOOLEAN.search(name.rsplit("/", 1)[-1]):
            assert value in {"true", "false"}, name
        assert len(child) > 0 or value, f"{name} is empty"


@pytest.mark.parametrize("path", metadata(RENDERED))
def test_elements_that_salesforce_takes_once_stand_once(path: str) -> None:
    repeated = {
        "applicationVisibilities",
        "classAccesses",
        "componentInstanceProperties",
        "fieldPermissions",
        "flexiPageRegions",
        "canvasLocationOptions",
        "items",
        "objectPermissions",
        "pageAccesses",
        "sections",
        "tabs",
        "userPermissions",
        "value",
    }

    def check(parent: ET.Element) -> None:
        names = [local(child.tag) for child in parent]
        for name in set(names) - repeated:
            assert names.count(name) == 1, name
        for child in parent:
            check(child)

    check(element(path))


@pytest.mark.parametrize("path", metadata(RENDERED))
def test_everything_that_may_carry_a_description_says_what_it_is_for(path: str) -> None:
    without = {"ApexClass", "CallCenter", "FlexiPage"}
    if "description" in ALLOWED[kind(path)].split() and kind(path) not in without:
        assert 15 <= len(one(element(path), "description")) <= 255


def test_the_project_file_is_one_that_the_salesforce_cli_takes() -> None:
    project = json.loads(SOURCE["sfdx-project.json"])

    assert project["packageDirectories"] == [{"path": "force-app", "default": True}]
    assert project["sfdcLoginUrl"] == "https://login.salesforce.com"
    assert project["sourceApiVersion"] == render_metadata.API_VERSION == "67.0"


@pytest.mark.parametrize("path", [path for path in RENDERED if path.endswith((".cls-meta.xml", ".page-meta.xml"))])
def test_code_is_written_for_the_version_the_project_names(path: str) -> None:
    assert one(element(path), "apiVersion") == "67.0"
    assert path.removesuffix("-meta.xml") in RENDERED


@pytest.mark.parametrize("files", [SOURCE, RENDERED], ids=["repository", "rendered"])
def test_the_manifest_names_everything_there_is_and_nothing_else(files: dict[str, str]) -> None:
    manifest = element("manifest/package.xml", files)
    listed = {
        (one(types, "name"), member)
        for types in manifest.findall(NAMESPACE + "types")
        for member in text(types, "members")
    }
    present = set()
    for path in metadata(files):
        if path.startswith("force-app/"):
            name = stem(path)
            if folder(path) == "fields":
                name = f"{pathlib.PurePosixPath(path).parent.parent.name}.{name}"
            present.add((render_metadata.TYPES[folder(path)][1], name))

    assert listed == present
    assert one(manifest, "version") == "67.0"


def test_the_repository_holds_its_own_templates_rendered_with_placeholders() -> None:
    committed = render_metadata.committed(FILES)

    assert {path: text for path, text in SOURCE.items() if path in committed} == committed
    assert set(committed) == set(SOURCE)


def test_nothing_that_may_hold_an_apps_secret_is_kept_in_the_repository() -> None:
    assert not [path for path in SOURCE if "ecaGlblOauth" in path]
    for path in [path for path in RENDERED if path.startswith(APPS)]:
        assert "consumerKey" not in RENDERED[path]
        assert "consumerSecret" not in RENDERED[path]


# --- fields ------------------------------------------------------------------------------------------------------

FIELDS = [path for path in RENDERED if path.startswith(MAIN + "objects/Activity/fields/")]


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_of_calls_is_one_that_salesforce_can_make(path: str) -> None:
    root = element(path)
    name = one(root, "fullName")

    assert name == stem(path)
    assert re.fullmatch(r"FCC_[A-Za-z0-9_]+__c", name)
    assert len(name) <= 40
    assert len(one(root, "label")) <= 40
    assert one(root, "required") == "false", "a call must be loggable before everything about it is known"
    match one(root, "type"):
        case "Text":
            assert 1 <= int(one(root, "length")) <= 255
        case "Number":
            assert int(one(root, "precision")) <= 18
            assert int(one(root, "scale")) <= int(one(root, "precision"))
        case "Picklist":
            values = text(root, "valueSet", "valueSetDefinition", "value", "fullName")
            assert values
            assert len(values) == len(set(values))
            assert one(root, "valueSet", "restricted") == "false", "an outcome nobody thought of must not lose a call"
        case _:
            assert not text(root, "length")


def test_a_call_is_found_by_a_key_that_no_two_activities_can_share() -> None:
    key = element(MAIN + "objects/Activity/fields/FCC_Call_Id__c.field-meta.xml")

    assert one(key, "externalId") == "true"
    assert one(key, "unique") == "true"
    assert one(key, "caseSensitive") == "true"
    assert int(one(key, "length")) >= 80


def test_the_activities_of_one_conversation_share_a_searchable_id() -> None:
    conversation = element(MAIN + "objects/Activity/fields/FCC_Conversation_Id__c.field-meta.xml")

    assert one(conversation, "externalId") == "true"
    assert one(conversation, "unique") == "false"


def test_activities_have_no_more_external_ids_than_salesforce_allows() -> None:
    assert len([path for path in FIELDS if text(element(path), "externalId") == ["true"]]) <= 25


# --- permission sets ---------------------------------------------------------------------------------------------


def permission_set(name: str) -> ET.Element:
    return element(MAIN + f"permissionsets/{name}.permissionset-meta.xml")


@pytest.mark.req("R29")
def test_the_permission_set_of_agents_has_the_name_administrators_look_for() -> None:
    assert one(permission_set("Fcc_Access"), "label") == "Fcc Access"


@pytest.mark.parametrize("name", ["Fcc_Access", "Fcc_Integration", "Fcc_Visibility"])
def test_permission_sets_name_only_what_there_is(name: str) -> None:
    root = permission_set(name)
    own = {f"Task.{stem(path)}" for path in FIELDS}
    named = text(root, "fieldPermissions", "field")

    assert {field for field in named if field.endswith("__c")} <= own
    assert {field.partition(".")[0] for field in named if not field.endswith("__c")} <= {*READ}
    assert len(named) == len(set(named))
    assert all(MAIN + f"pages/{page}.page" in RENDERED for page in text(root, "pageAccesses", "apexPage"))
    assert all(MAIN + f"classes/{each}.cls" in RENDERED for each in text(root, "classAccesses", "apexClass"))
    for app in text(root, "applicationVisibilities", "application"):
        assert MAIN + f"applications/{app}.app-meta.xml" in RENDERED


def test_agents_see_every_field_of_a_call_and_write_none() -> None:
    root = permission_set("Fcc_Access")

    assert set(text(root, "fieldPermissions", "field")) == {f"Task.{stem(path)}" for path in FIELDS}
    assert set(text(root, "fieldPermissions", "readable")) == {"true"}
    assert set(text(root, "fieldPermissions", "editable")) == {"false"}


def test_agents_may_open_the_page_and_run_its_controller() -> None:
    root = permission_set("Fcc_Access")

    assert text(root, "pageAccesses", "apexPage") == ["FCC_WebPhone"]
    assert text(root, "classAccesses", "apexClass") == ["FCC_WebPhoneController"]
    assert not text(root, "objectPermissions", "object")
    assert not text(root, "userPermissions", "name")


@pytest.mark.assumed("A46")
def test_the_integration_user_writes_every_field_of_a_call_and_deletes_nothing() -> None:
    root = permission_set("Fcc_Integration")

    granted = dict(
        zip(text(root, "fieldPermissions", "field"), text(root, "fieldPermissions", "editable"), strict=True)
    )
    assert {field for field, editable in granted.items() if editable == "true"} >= {
        f"Task.{stem(path)}" for path in FIELDS
    }
    assert set(text(root, "objectPermissions", "allowDelete")) == {"false"}
    assert set(text(root, "objectPermissions", "modifyAllRecords")) == {"false"}
    assert {"ApiEnabled", "EditTask"} <= set(text(root, "userPermissions", "name"))


def granted() -> dict[str, bool]:
    """What the integration's permission set has to grant: `Object.Field`, and whether for writing too."""
    return {
        f"{table}.{name}": name in org_fields.WRITTEN.get(table, frozenset())
        for table, names in READ.items()
        for name in sorted(names - ALWAYS_THERE[table])
    }


@pytest.mark.assumed("A69")
def test_the_integration_user_is_granted_each_field_that_the_connector_reads_or_writes_and_no_other() -> None:
    root = permission_set("Fcc_Integration")
    editable = [value == "true" for value in text(root, "fieldPermissions", "editable")]

    assert dict(zip(text(root, "fieldPermissions", "field"), editable, strict=True)) == granted()
    assert set(text(root, "fieldPermissions", "readable")) == {"true"}


def test_the_integration_user_may_see_each_object_that_the_connector_reads() -> None:
    # Tasks are given by a permission of their own, EditTask.
    assert {*text(permission_set("Fcc_Integration"), "objectPermissions", "object"), "Task"} == {*READ}


def test_every_own_field_is_one_that_the_connector_writes() -> None:
    assert {stem(path) for path in FIELDS} == {name for name in org_fields.WRITTEN["Task"] if name.endswith("__c")}


@pytest.mark.req("R10")
def test_seeing_the_app_is_given_apart_from_working_with_the_phone() -> None:
    assert text(permission_set("Fcc_Visibility"), "applicationVisibilities", "application") == ["FCC_Console"]
    assert not text(permission_set("Fcc_Access"), "applicationVisibilities", "application")


# --- the page, and what it stands on -----------------------------------------------------------------------------


def page() -> ET.Element:
    return ET.fromstring(RENDERED[PAGE].replace("<apex:page", '<apex:page xmlns:apex="urn:apex"', 1))


def test_the_page_is_bare() -> None:
    root = page()

    assert {name: root.get(name) for name in ("showHeader", "sidebar", "standardStylesheets", "docType", "cache")} == {
        "showHeader": "false",
        "sidebar": "false",
        "standardStylesheets": "false",
        "docType": "html-5.0",
        "cache": "false",
    }


def test_the_page_shows_the_canvas_app_that_is_deployed() -> None:
    (canvas,) = page().iter("{urn:apex}canvasApp")
    name = canvas.get("developerName")

    assert APPS + f"externalClientApps/{name}.eca-meta.xml" in RENDERED
    assert (
        one(
            element(APPS + f"extlClntAppCanvasSettings/{name}_canvasSettings.ecaCanvas-meta.xml"),
            "externalClientApplication",
        )
        == name
    )


def test_the_page_signs_a_value_made_by_its_controller_into_each_request() -> None:
    (canvas,) = page().iter("{urn:apex}canvasApp")
    controller = RENDERED[MAIN + f"classes/{page().get('controller')}.cls"]

    assert canvas.get("parameters") == "{n:'{!n}'}"
    assert re.search(r"public String n \{ get; private set; \}", controller)
    assert "Crypto.generateAesKey(128)" in controller


def test_the_page_loads_the_bridge_ahead_of_open_cti_and_both_ahead_of_the_canvas_frame() -> None:
    content = RENDERED[PAGE]
    (resource,) = re.findall(r"\{!\$Resource\.(\w+)\}", content)
    places = [
        content.index('id="fcc-bridge-config"'),
        content.index("{!$Resource."),
        content.index(f"/support/api/{render_metadata.API_VERSION}/lightning/opencti_min.js"),
        content.index("<apex:canvasApp"),
    ]

    assert MAIN + f"staticresources/{resource}.js" in RENDERED
    assert places == sorted(places)


def test_the_page_uses_no_expression_but_the_two_that_are_described() -> None:
    described = (ROOT.parent / "docs" / "bridge.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\{![^}]*\}", RENDERED[PAGE])) == {"{!n}", "{!$Resource.FCC_WebPhoneBridge}"}
    assert "{!n}" in described


def test_the_pages_configuration_names_the_connector() -> None:
    (config,) = [tag for tag in page().iter("script") if tag.get("id") == "fcc-bridge-config"]

    assert json.loads(config.text or "") == {"connector": "https://fcc.acme.example"}


def test_the_bridge_is_served_as_a_script() -> None:
    resource = element(MAIN + "staticresources/FCC_WebPhoneBridge.resource-meta.xml")

    assert one(resource, "contentType") == "application/javascript"
    assert one(resource, "cacheControl") == "Public"


def test_the_function_that_salesforce_calls_when_it_shows_no_app_is_there() -> None:
    (canvas,) = page().iter("{urn:apex}canvasApp")

    assert f"'{canvas.get('onCanvasAppError')}'" in RENDERED[MAIN + "staticresources/FCC_WebPhoneBridge.js"]


def test_every_apex_class_has_a_test_beside_it() -> None:
    classes = {stem(path) for path in RENDERED if path.endswith(".cls") and not stem(path).endswith("Test")}

    assert classes
    for name in classes:
        tests = RENDERED[MAIN + f"classes/{name}Test.cls"]
        assert "@IsTest" in tests
        assert f"new {name}()" in tests


# --- the utility bar and the call center -------------------------------------------------------------------------


def utility() -> dict[str, str]:
    (bar,) = text(element(MAIN + "applications/FCC_Console.app-meta.xml"), "utilityBar")
    root = element(MAIN + f"flexipages/{bar}.flexipage-meta.xml")
    (softphone,) = [
        found
        for found in root.iter(NAMESPACE + "componentInstance")
        if one(found, "componentName") == "opencti:softPhone"
    ]
    return {
        one(each, "name"): one(each, "value") for each in softphone.findall(NAMESPACE + "componentInstanceProperties")
    }


@pytest.mark.req("R31")
def test_the_button_phone_stands_in_the_utility_bar_and_starts_with_the_page() -> None:
    assert utility() == {
        "eager": "true",
        "height": "560",
        "icon": "call",
        "label": "Phone",
        "scrollable": "true",
        "width": "400",
    }


def test_the_app_is_a_lightning_console() -> None:
    app = element(MAIN + "applications/FCC_Console.app-meta.xml")

    assert one(app, "uiType") == "Lightning"
    assert one(app, "navType") == "Console"
    assert "standard-Case" in text(app, "tabs")


def test_the_call_center_loads_the_page_by_an_absolute_address() -> None:
    root = element(CALL_CENTER)

    assert one(root, "adapterUrl") == "https://acme--c.vf.force.com/apex/FCC_WebPhone"
    assert MAIN + "pages/FCC_WebPhone.page" in RENDERED
    assert stem(CALL_CENTER) == "FCC"


@pytest.mark.assumed("A42")
def test_the_call_center_is_for_lightning_and_has_a_size_that_lightning_takes() -> None:
    custom = json.loads(one(element(CALL_CENTER), "customSettings"))

    assert custom["reqUseApi"] == "true"
    assert custom["reqSalesforceCompatibilityMode"] == "Lightning"
    assert 240 <= int(custom["reqSoftphoneHeight"]) <= 2560
    assert 200 <= int(custom["reqSoftphoneWidth"]) <= 1920
    assert {"height": custom["reqSoftphoneHeight"], "width": custom["reqSoftphoneWidth"]}.items() <= utility().items()


def test_the_call_centers_sections_have_names_that_setup_knows() -> None:
    (section,) = element(CALL_CENTER).findall(NAMESPACE + "sections")

    assert one(section, "name") == "reqGeneralInfo"
    assert text(section, "items", "name") == ["reqAdapterUrl"]
    assert text(section, "items", "value") == [one(element(CALL_CENTER), "adapterUrl")]


def test_the_call_center_for_import_says_the_same_as_the_deployed_one() -> None:
    imported = ET.fromstring(RENDERED["import/call-center.xml"])
    deployed = element(CALL_CENTER)
    (section,) = imported.findall("section")
    items = {item.get("name"): item.text for item in section.findall("item")}

    assert [item.get("sortOrder") for item in section.findall("item")] == [str(i) for i in range(len(items))]
    assert section.get("sortOrder") == "0"
    assert items == {
        "reqInternalName": stem(CALL_CENTER),
        "reqDisplayName": one(deployed, "displayName"),
        "reqAdapterUrl": one(deployed, "adapterUrl"),
        **json.loads(one(deployed, "customSettings")),
    }
    for name in items:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,39}", str(name))


# --- addresses that Salesforce is told to trust ------------------------------------------------------------------


def trusted(url: str) -> ET.Element:
    (found,) = [
        element(path)
        for path in RENDERED
        if path.endswith(".cspTrustedSite-meta.xml") and one(element(path), "endpointUrl") == url
    ]
    return found


@pytest.mark.req("R11")
def test_the_connector_is_trusted_with_a_frame_and_the_microphone() -> None:
    site = trusted("https://fcc.acme.example")

    assert one(site, "isApplicableToFrameSrc") == "true"
    assert one(site, "isApplicableToConnectSrc") == "true"
    assert one(site, "canAccessMicrophone") == "true"
    assert one(site, "canAccessCamera") == "false"
    assert one(site, "isActive") == "true"


@pytest.mark.req("R11")
def test_the_connectors_sockets_are_trusted_by_an_entry_of_their_own() -> None:
    site = trusted("wss://fcc.acme.example")

    assert one(site, "isApplicableToConnectSrc") == "true"
    assert one(site, "isApplicableToFrameSrc") == "false"


@pytest.mark.parametrize("path", [path for path in RENDERED if path.endswith(".cspTrustedSite-meta.xml")])
def test_each_trusted_address_is_trusted_with_something_and_with_no_scripts_styles_or_fonts(path: str) -> None:
    site = element(path)
    flags = {local(child.tag): child.text for child in site if local(child.tag).startswith("isApplicableTo")}

    assert "true" in flags.values(), "since API 59.0 an entry without any directive is refused"
    assert not re.search(r"\*", one(site, "endpointUrl"))
    assert {flags[f"isApplicableTo{name}Src"] for name in ("Font", "Img", "Media", "Style")} == {"false"}


@pytest.mark.req("R12")
def test_the_remote_site_has_the_name_and_the_full_domain_of_the_fcc_tenant() -> None:
    site = element(MAIN + "remoteSiteSettings/Focuslicensecheck.remoteSite-meta.xml")

    assert one(site, "url") == "https://acme.fcc-online.pl"
    assert one(site, "isActive") == "true"
    assert one(site, "disableProtocolSecurity") == "false"


def test_the_permissions_policy_is_nobodys_by_default() -> None:
    assert not [path for path in RENDERED if path.startswith("force-app/") and folder(path) == "settings"]
    policy = element("optional/permissions-policy/settings/Security.settings-meta.xml")

    assert one(policy, "enablePermissionsPolicy") == "true"
    assert one(policy, "grantMicrophoneAccess") == "TrustedUrls"


@pytest.mark.assumed("A47")
def test_who_turns_the_permissions_policy_on_trusts_the_page_around_the_pane_too() -> None:
    site = element("optional/permissions-policy/cspTrustedSites/FCC_Visualforce.cspTrustedSite-meta.xml")

    assert one(element(CALL_CENTER), "adapterUrl").startswith(one(site, "endpointUrl") + "/")
    assert one(site, "canAccessMicrophone") == "true"


# --- the two external client apps --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in RENDERED if path.startswith(APPS + "extlClntApp")])
def test_each_setting_belongs_to_an_app_that_there_is(path: str) -> None:
    app = one(element(path), "externalClientApplication")

    assert APPS + f"externalClientApps/{app}.eca-meta.xml" in RENDERED
    assert stem(path).startswith(app + "_")


@pytest.mark.assumed("A43")
@pytest.mark.parametrize("app", ["FCC_WebPhone", "FCC_Pairing"])
def test_each_app_is_let_in_by_one_permission_set_and_keeps_no_refresh_token(app: str) -> None:
    policies = element(APPS + f"extlClntAppOauthPolicies/{app}_oauth_defaultPolicy.ecaOauthPlcy-meta.xml")
    settings = element(APPS + f"extlClntAppOauthSettings/{app}_oauth.ecaOauth-meta.xml")
    allowed = one(policies, "commaSeparatedPermissionSet")

    assert one(policies, "permittedUsersPolicyType") == "AdminApprovedPreAuthorized"
    assert MAIN + f"permissionsets/{allowed}.permissionset-meta.xml" in RENDERED
    assert one(settings, "commaSeparatedOauthScopes").split(", ") == ["Api", "Basic", "OpenID"]
    assert one(policies, "refreshTokenPolicyType") == "Zero"


def test_the_canvas_app_is_posted_to_the_connector_from_visualforce() -> None:
    canvas = element(APPS + "extlClntAppCanvasSettings/FCC_WebPhone_canvasSettings.ecaCanvas-meta.xml")
    policies = element(APPS + "extlClntAppPolicies/FCC_WebPhone_defaultPolicy.ecaPlcy-meta.xml")

    assert one(canvas, "accessMethod") == "Post"
    assert text(canvas, "canvasLocationOptions") == ["Visualforce"]
    assert one(canvas, "canvasUrl") == "https://fcc.acme.example/canvas"
    assert one(policies, "isCanvasPluginEnabled") == "true"
    assert one(policies, "isOauthPluginEnabled") == "true"


@pytest.mark.req("R22")
def test_only_the_pairing_app_acts_by_itself_and_only_as_the_integration_user() -> None:
    def flows(app: str) -> tuple[str, str]:
        return (
            one(
                element(APPS + f"extlClntAppGlobalOauthSets/{app}_glbloauth.ecaGlblOauth-meta.xml"),
                "isClientCredentialsFlowEnabled",
            ),
            one(
                element(APPS + f"extlClntAppOauthPolicies/{app}_oauth_defaultPolicy.ecaOauthPlcy-meta.xml"),
                "isClientCredentialsFlowEnabled",
            ),
        )

    pairing = element(APPS + "extlClntAppOauthPolicies/FCC_Pairing_oauth_defaultPolicy.ecaOauthPlcy-meta.xml")
    assert flows("FCC_Pairing") == ("true", "true")
    assert flows("FCC_WebPhone") == ("false", "false")
    assert one(pairing, "clientCredentialsFlowUser") == "fcc.integration@acme.example"


@pytest.mark.parametrize("app", ["FCC_WebPhone", "FCC_Pairing"])
def test_an_app_called_back_is_called_back_at_the_connector(app: str) -> None:
    settings = element(APPS + f"extlClntAppGlobalOauthSets/{app}_glbloauth.ecaGlblOauth-meta.xml")

    assert one(settings, "callbackUrl").startswith("https://fcc.acme.example/")
    assert one(settings, "isPkceRequired") == "true"
    assert one(settings, "isConsumerSecretOptional") == "false"
