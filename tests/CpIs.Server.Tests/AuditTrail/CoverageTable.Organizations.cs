using System.Text.Json.Nodes;
using CpIs.Server.Tests.Organizations;

namespace CpIs.Server.Tests.AuditTrail;

internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> OrganizationWrites()
    {
        const string Create = "POST /Organization";
        const string Update = "PUT /Organization/{id}";
        const string Live = "POST /Organization/{id}/$set-live";
        ExpectedEntry Left(string what, int status) => new(what, status, status < 300 ? 0 : 4, null);
        JsonObject Trust(string ods) => WriteOrganizationTests.Trust(ods);
        JsonNode Switch() => JsonNode.Parse("""
            {"resourceType":"Parameters","parameter":[{"name":"live","valueBoolean":true}]}
            """)!;
        yield return Row(Create, "ok", Registrar, _ => new("POST", "Organization", Left("create", 201))
        {
            Body = Trust("ZZT10"),
        });
        yield return Row(Create, "refused", Registrar, _ => new("POST", "Organization", Left("create", 422))
        {
            Body = new JsonObject { ["resourceType"] = "Organization" },
        });
        yield return Row(Create, "denied", Council, _ => new("POST", "Organization", Left("create", 403)));
        yield return Row(Create, "unauthenticated", null, _ => new("POST", "Organization", Left("create", 401)));
        yield return Row(Update, "ok", Registrar, async t => new("PUT", "Organization/RW5", Left("update", 200))
        {
            Body = await t.Server.As(Registrar).GetOkAsync("Organization/RW5"),
        });
        yield return Row(Update, "not found", Registrar, _ => new("PUT", "Organization/ZZT11", Left("update", 404))
        {
            Body = Trust("ZZT11"),
        });
        yield return Row(Update, "not yours", Other, async t => new("PUT", "Organization/ZZ001", Left("update", 403))
        {
            Body = await t.Server.As(Registrar).GetOkAsync("Organization/ZZ001"),
        });
        yield return Row(Update, "refused", Registrar, _ => new("PUT", "Organization/RW5", Left("update", 400))
        {
            Body = Trust("RXR"),
        });
        yield return Row(Update, "denied", Doctor, _ => new("PUT", "Organization/RW5", Left("update", 403)));
        yield return Row(Update, "unauthenticated", null, _ => new("PUT", "Organization/RW5", Left("update", 401)));
        const string ByCode = "PUT /Organization";
        const string Zzt12 = "Organization?identifier=" + CpIs.Fhir.Systems.Ods + "|ZZT12";
        yield return Row(ByCode, "ok", Registrar, _ =>
            new("PUT", Zzt12, Left("update", 201)) { Body = Trust("ZZT12") });
        yield return Row(ByCode, "refused", Registrar, _ => new("PUT", "Organization", Left("update", 400))
        {
            Body = Trust("ZZT12"),
        });
        yield return Row(ByCode, "denied", Doctor, _ => new("PUT", Zzt12, Left("update", 403)));
        yield return Row(ByCode, "unauthenticated", null, _ => new("PUT", Zzt12, Left("update", 401)));
        const string Unregistered = "GET /Organization/$unregistered";
        yield return Row(Unregistered, "ok", Registrar, _ =>
            new("GET", "Organization/$unregistered") { Answer = 200 });
        yield return Row(Unregistered, "denied", Council, _ =>
            new("GET", "Organization/$unregistered", Left("operation", 403)));
        yield return Row(Unregistered, "unauthenticated", null, _ =>
            new("GET", "Organization/$unregistered", Left("operation", 401)));
        yield return Row(Live, "ok", Registrar, _ =>
            new("POST", "Organization/ZZ001/$set-live", Left("operation", 200)) { Body = Switch() });
        yield return Row(Live, "refused", Registrar, _ =>
            new("POST", "Organization/RXR/$set-live", Left("operation", 422)) { Body = Switch() });
        yield return Row(Live, "denied", Council, _ =>
            new("POST", "Organization/ZZ001/$set-live", Left("operation", 403)) { Body = Switch() });
        yield return Row(Live, "unauthenticated", null, _ =>
            new("POST", "Organization/ZZ001/$set-live", Left("operation", 401)) { Body = Switch() });
    }

    private static IEnumerable<CoverageRow> OrganizationPatches()
    {
        ExpectedEntry Left(string what, int status) => new(what, status, status < 300 ? 0 : 4, null);
        const string Patch = "PATCH /Organization/{id}";
        CoverageCase Patched(string ods, string path, ExpectedEntry entry) => new("PATCH", "Organization/" + ods, entry)
        {
            Form = $$"""[{"op":"replace","path":"{{path}}","value":"01632 960111"}]""",
            FormType = "application/json-patch+json",
        };
        yield return Row(Patch, "ok", Other, _ => Patched("ZZ002", "/telecom/0/value", Left("patch", 200)));
        yield return Row(Patch, "not yours", Other, _ => Patched("ZZ001", "/telecom/0/value", Left("patch", 403)));
        yield return Row(Patch, "another part", Other, _ => Patched("ZZ002", "/name", Left("patch", 403)));
        yield return Row(Patch, "refused", Registrar, _ => Patched("RW5", "/nowhere", Left("patch", 422)));
        yield return Row(Patch, "denied", Doctor, _ => Patched("RW5", "/name", Left("patch", 403)));
        yield return Row(Patch, "unauthenticated", null, _ => Patched("RW5", "/name", Left("patch", 401)));
        const string Delete = "DELETE /Organization/{id}";
        yield return Row(Delete, "ok", Registrar, async t =>
        {
            await t.Server.As(Registrar).PostAsync(new Uri("Organization", UriKind.Relative),
                RunningServer.Json(WriteOrganizationTests.Trust("ZZT13")));
            return new("DELETE", "Organization/ZZT13", Left("delete", 204));
        });
        yield return Row(Delete, "refused", Registrar, _ => new("DELETE", "Organization/ZZ001", Left("delete", 422)));
        yield return Row(Delete, "not found", Registrar, _ => new("DELETE", "Organization/ZZT99", Left("delete", 404)));
        yield return Row(Delete, "denied", Council, _ => new("DELETE", "Organization/ZZ001", Left("delete", 403)));
        yield return Row(Delete, "unauthenticated", null, _ =>
            new("DELETE", "Organization/ZZ001", Left("delete", 401)));
    }
}
