using CpIs.Fhir;

namespace CpIs.Server.Access;

/// <summary>
/// A request that gets no for an answer: status, and an OperationOutcome without personal data. It is thrown where the
/// reason is known, and recorded and answered in one place, <see cref="Door"/>.
/// </summary>
internal sealed class Refused(int status, IReadOnlyList<OutcomeIssue> issues) : Exception(issues[0].Diagnostics)
{
    public int Status { get; } = status;

    public IReadOnlyList<OutcomeIssue> Issues { get; } = issues;

    /// <summary>Whom the refused request was about, when that is known.</summary>
    public string? NhsNumber { get; init; }

    /// <summary>ETag of the deleted version that a 410 still names.</summary>
    public int? Version { get; init; }

    /// <summary>Recorded by its count once there are many: the record must not grow as fast as a client asks.</summary>
    public bool Counted { get; private init; }

    /// <summary>A client that asks too often; a clinician must not take that for an answer.</summary>
    public static Refused TooFast() =>
        new(429, [Error("throttled", DetailCode.TooManyRequests, Words.NoAnswer)]) { Counted = true };

    /// <summary>Somebody who looked at too many people; who must see one more all the same breaks the glass.</summary>
    public static Refused TooMany() => new(429,
        [
            Error("security", DetailCode.TooManyRequests, Words.NoAnswer),
            Error("security", DetailCode.TooManyRequests, "You have looked at very many people. In an emergency ask "
                + "again with X-Purpose-Of-Use BTG and your reason in X-Purpose-Reason: you are answered at once."),
        ])
        { Counted = true };

    public static Refused BadSearch(string why) => new(400, [Error("invalid", DetailCode.InvalidSearch, why)]);

    public static Refused BadNumber(string why, string? expression = null) =>
        new(400, [Error("value", DetailCode.InvalidNhsNumber, why, expression)]);

    public static Refused BadHeader(string why) => new(400, [Error("invalid", DetailCode.InvalidHeader, why)]);

    public static Refused BadBody(string why) => new(400, [Error("structure", DetailCode.InvalidResource, why)]);

    public static Refused Denied(string why) => new(403, [Error("forbidden", DetailCode.AccessDenied, why)]);

    /// <summary>Absent, or not yours: one answer for both (R7).</summary>
    public static Refused NotFound(string? nhsNumber = null) =>
        new(404, [Error("not-found", DetailCode.NotFound,
            "There is no such resource, or it is not yours to see.")]) { NhsNumber = nhsNumber };

    public static Refused Gone(int version) =>
        new(410, [Error("deleted", DetailCode.NotFound, "This resource was deleted.")]) { Version = version };

    public static Refused Stale(string why) => new(412, [Error("conflict", DetailCode.PreconditionFailed, why)]);

    public static Refused Unprocessable(DetailCode detail, string why, string? expression = null) =>
        new(422, [Error("business-rule", detail, why, expression)]);

    /// <summary>
    /// The same refusal in the codes of NHS England's guide, for the two searches that guide describes.
    /// https://simplifier.net/guide/Child-Protection---Information-Sharing--CP-IS--API-Consumer-Impl (Error handling)
    /// </summary>
    public Refused AsGuided() => Issues[0].Detail switch
    {
        var detail when detail == DetailCode.InvalidNhsNumber =>
            new(Status, [Error("invalid", DetailCode.InvalidSearch, "Invalid NHS number")]) { NhsNumber = NhsNumber },
        var detail when detail == DetailCode.InvalidHeader =>
            new(Status, [Issues[0] with { Detail = DetailCode.PreconditionFailed }]) { NhsNumber = NhsNumber },
        _ => this,
    };

    private static OutcomeIssue Error(string code, DetailCode detail, string why, string? expression = null) =>
        new("error", code, detail, why, expression);
}
