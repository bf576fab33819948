namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix where the registrar sends the register of people.</summary>
internal static partial class CoverageTable
{
    private const string Registrar = "sandbox-registrar";

    private static IEnumerable<CoverageRow> Registrations()
    {
        ExpectedEntry Left(int status) => new("operation", status, 4, null);
        foreach (var (route, method, path) in ((string, string, string)[])[
            ("POST /$submit-register", "POST", "$submit-register"),
            ("GET /$submit-register-status/{id}", "GET", "$submit-register-status/" + Nobody),
            ("DELETE /$submit-register-status/{id}", "DELETE", "$submit-register-status/" + Nobody),
            ("GET /$submit-register-file/{id}/{file}", "GET", $"$submit-register-file/{Nobody}/errors.csv")])
        {
            var refused = method == "POST" ? 415 : 404;
            yield return Row(route, "refused", Registrar, _ => new(method, path, Left(refused)));
            yield return Row(route, "denied", Council, _ => new(method, path, Left(403)));
            yield return Row(route, "unauthenticated", null, _ => new(method, path, Left(401)));
        }
    }
}
