using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.Organizations;

/// <summary>Read of an Organization: everyone with a token. http://hl7.org/fhir/R4/http.html#read</summary>
internal sealed class ReadOrganization(Register register, OrganizationStore organizations)
{
    public async Task AnswerAsync(Call call)
    {
        var within = SearchConditions.Within(call, SearchOrganizations.Parameters);
        var row = (await register.CouncilsAsync()).All.FirstOrDefault(o => o.Id == call.Id && within(o));
        if (row is null)
        {
            throw (await organizations.DeletedAsync(call.Id, call.Http.RequestAborted)).Value is { } version
                ? Refused.Gone(version) : Refused.NotFound();
        }

        await Answers.ResourceAsync(call.Http, 200, row.Body, row.Version, row.Updated);
    }
}
