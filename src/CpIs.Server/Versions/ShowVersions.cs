using System.Globalization;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Searching;

namespace CpIs.Server.Versions;

/// <summary>
/// History of a resource, or of all of a type: a council sees every version of its own plans and people, everybody that
/// of organisations. Health reads single versions of what is visible and no history.
/// http://hl7.org/fhir/R4/http.html#history
/// </summary>
internal sealed class ShowVersions(
    VersionStore versions, Register register, PageTokens pages, AuditLog ledger, TimeProvider clock)
{
    /// <summary>Versions of one resource of the caller's council.</summary>
    public async Task OfOneAsync(Call call)
    {
        var id = Canonical(call) ?? throw Refused.NotFound();
        var request = VersionRequest.Read(call, id, pages);
        var envelope = await AskAsync(call, request);
        var any = envelope.Disclosed.Count > 0 ? envelope : await AskAsync(call, Newest(id));
        if (any.Found == 0)
        {
            throw Refused.NotFound();
        }

        var entry = call.Entry(any.Disclosed[0].NhsNumber) with { ResourceId = id };
        var page = await ledger.OpenAsync(envelope, entry);
        await AnswerAsync(call, request, page);
    }

    /// <summary>Versions of all resources of the type that are the council's.</summary>
    public async Task OfTypeAsync(Call call)
    {
        var request = VersionRequest.Read(call, null, pages);
        await AnswerAsync(call, request, await ledger.OpenAsync(await AskAsync(call, request), call.Entry()));
    }

    /// <summary>A version of a council's record of a person.</summary>
    public async Task PatientVersionAsync(Call call)
    {
        var envelope = await versions.PatientAsync(
            call.Caller.Organisation, call.Id, Version(call), call.Http.RequestAborted);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound(NhsNumber.TryParse(call.Id, out var number) ? number.Digits() : null);
        }

        var entry = call.Entry(call.Id) with { ResourceId = call.Id, ResourceVersion = Version(call) };
        var row = (await ledger.OpenAsync(envelope, entry))!;
        await Answers.ResourceAsync(call.Http, 200, row.Body, row.Version, row.Updated);
    }

    /// <summary>Versions of one organisation.</summary>
    public async Task OfOrganizationAsync(Call call)
    {
        var request = VersionRequest.Read(call, call.Id, pages);
        var page = (await versions.OrganizationsAsync(request.Question, call.Http.RequestAborted)).Value;
        if (page.Total == 0 && (await versions.OrganizationsAsync(
            Newest(call.Id).Question, call.Http.RequestAborted)).Value.Total == 0)
        {
            throw Refused.NotFound();
        }

        await AnswerAsync(call, request, page);
    }

    /// <summary>Versions of all organisations.</summary>
    public async Task OfOrganizationsAsync(Call call)
    {
        var request = VersionRequest.Read(call, null, pages);
        await AnswerAsync(call, request,
            (await versions.OrganizationsAsync(request.Question, call.Http.RequestAborted)).Value);
    }

    /// <summary>A version of an organisation.</summary>
    public async Task OrganizationVersionAsync(Call call)
    {
        var row = (await versions.OrganizationAsync(call.Id, Version(call), call.Http.RequestAborted)).Value
            ?? throw Refused.NotFound();
        await (row.Deleted ? throw Refused.Gone(row.Version)
            : Answers.ResourceAsync(call.Http, 200, row.Body, row.Version, row.Updated));
    }

    /// <summary>Whether there is any version at all.</summary>
    private static VersionRequest Newest(string id) => new(new(id) { Limit = 1 }, "");

    private async Task<Sealed<VersionPage>> AskAsync(Call call, VersionRequest request)
    {
        var council = await register.FindAsync(call.Caller.Organisation)
            ?? throw Refused.Denied("Your organisation is not in the register of councils.");
        return await versions.AskAsync(call.Route.Resource, council, request.Question, Visibility.Today(clock),
            call.Http.RequestAborted);
    }

    private Task AnswerAsync(Call call, VersionRequest request, VersionPage page)
    {
        var self = $"{call.Base}/{VersionRequest.Path(call, request.Question.Id)}{request.Asked}";
        return Answers.BytesAsync(call.Http, 200,
            VersionBundle.Write(call, page, self, request.Next(call, page, pages), clock.GetUtcNow()));
    }

    /// <summary>The id as it is stored; null when it can be none.</summary>
    private static string? Canonical(Call call) => call.Route.Resource == "Patient"
        ? NhsNumber.TryParse(call.Id, out var number) ? number.Digits() : null
        : Guid.TryParseExact(call.Id, "D", out var id) ? id.ToString() : null;

    private static int Version(Call call) =>
        int.TryParse((string)call.Http.Request.RouteValues["version"]!, NumberStyles.None,
            CultureInfo.InvariantCulture, out var version) ? version : throw Refused.NotFound();
}
