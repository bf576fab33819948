using CpIs.Server.Access;
using CpIs.Server.AuditTrail;
using CpIs.Server.Bundles;
using CpIs.Server.Demographics;
using CpIs.Server.Encounters;
using CpIs.Server.Metadata;
using CpIs.Server.Notices;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;
using CpIs.Server.Summary;
using CpIs.Server.Uploads;
using CpIs.Server.Validating;
using CpIs.Server.Versions;

namespace CpIs.Server;

/// <summary>Every route of the FHIR endpoint, in one table; the CapabilityStatement is made from it.</summary>
internal static class Routes
{
    /// <summary>Base path of the FHIR endpoint.</summary>
    public const string Prefix = "/FHIR/R4";

    private const Who HealthOrCouncil = Who.Health | Who.Council;
    private const Who Subscribers = Who.Council | Who.Registrar;
    private const Who TrailReaders = Who.Auditor | Who.Archive;

    public static readonly IReadOnlyList<Route> Table =
    [
        Public("/metadata", "capabilities", To<ShowCapabilities>(r => r.AnswerAsync)),
        Public("", "operation", _ => ShowOpenApi.AnswerAsync) with
        {
            Prefix = ShowOpenApi.Path, Negotiated = false,
        },
        new("POST", "/", "", null, "transaction", 'E', Who.Anyone, Discloses.Patients,
            To<TakeBundle>(r => r.AnswerAsync)) { Also = "batch" },
        .. Plan(PlanView.Flag),
        .. Plan(PlanView.Episode),
        Search("Patient", HealthOrCouncil, Discloses.Patients, To<SearchPatients>(r => r.AnswerAsync)),
        PostedSearch("Patient", HealthOrCouncil, Discloses.Patients, To<SearchPatients>(r => r.AnswerAsync)),
        Read("Patient", HealthOrCouncil, Discloses.Patients, To<ReadPatient>(r => r.AnswerAsync)),
        Create("Patient", To<PutPatient>(r => r.CreateAsync)),
        Update("Patient", To<PutPatient>(r => r.UpdateAsync)) with { Creates = true },
        UpdateByIdentifier("Patient", To<PutPatient>(r => r.UpdateByIdentifierAsync)),
        Version("Patient", To<ShowVersions>(r => r.PatientVersionAsync)),
        History("Patient", To<ShowVersions>(r => r.OfOneAsync)),
        .. Encounter,
        .. Narrowing(
            Search("Organization", Who.Anyone, Discloses.Organizations, To<SearchOrganizations>(r => r.AnswerAsync)),
            PostedSearch(
                "Organization", Who.Anyone, Discloses.Organizations, To<SearchOrganizations>(r => r.AnswerAsync)),
            Read("Organization", Who.Anyone, Discloses.Organizations, To<ReadOrganization>(r => r.AnswerAsync))),
        Create("Organization", To<WriteOrganization>(r => r.CreateAsync)) with
        {
            Who = Who.Registrar, Discloses = Discloses.Organizations,
        },
        Update("Organization", To<WriteOrganization>(r => r.UpdateAsync)) with
        {
            Who = Who.Registrar | Who.Council, Discloses = Discloses.Organizations,
        },
        new("DELETE", "/Organization/{id}", "Organization", 'd', "delete", 'D', Who.Registrar,
            Discloses.Organizations, To<WriteOrganization>(r => r.DeleteAsync)),
        Version("Organization", To<ShowVersions>(r => r.OrganizationVersionAsync)) with
        {
            Who = Who.Anyone, Discloses = Discloses.Organizations,
        },
        History("Organization", To<ShowVersions>(r => r.OfOrganizationAsync)) with
        {
            Who = Who.Anyone, Discloses = Discloses.Organizations,
        },
        HistoryOfAll("Organization", To<ShowVersions>(r => r.OfOrganizationsAsync)) with
        {
            Who = Who.Anyone, Discloses = Discloses.Organizations,
        },
        Patch("Organization", To<WriteOrganization>(r => r.PatchAsync)) with
        {
            Who = Who.Registrar | Who.Council, Discloses = Discloses.Organizations,
        },
        UpdateByIdentifier("Organization", To<WriteOrganization>(r => r.UpdateByIdentifierAsync)) with
        {
            Who = Who.Registrar | Who.Council, Discloses = Discloses.Organizations,
        },
        new("GET", "/Organization/$unregistered", "Organization", 's', "operation", 'R', Who.Registrar,
            Discloses.Organizations, To<Newcomers>(r => r.AnswerAsync)),
        new("POST", "/Organization/{id}/$set-live", "Organization", 'u', "operation", 'U', Who.Registrar,
            Discloses.Organizations, To<WriteOrganization>(r => r.SetLiveAsync)),
        Search("CareTeam", Who.Health, Discloses.Patients, To<SearchCareTeams>(r => r.AnswerAsync)) with
        {
            Guided = true,
        },
        PostedSearch("CareTeam", Who.Health, Discloses.Patients, To<SearchCareTeams>(r => r.AnswerAsync)) with
        {
            Guided = true,
        },
        new("POST", "/Patient/$child-protection-summary", "Patient", 's', "operation", 'E', Who.Health,
            Discloses.Patients, To<ShowSummary>(r => r.AnswerAsync)),
        .. Narrowing(
            Search("AuditEvent", TrailReaders | HealthOrCouncil, Discloses.Trail, AuditEvents) with { Guided = true },
            PostedSearch("AuditEvent", TrailReaders | HealthOrCouncil, Discloses.Trail, AuditEvents) with
            {
                Guided = true,
            },
            Read("AuditEvent", TrailReaders, Discloses.Trail, To<ReadAuditEvent>(r => r.AnswerAsync))),
        new("GET", "/AuditEvent/{id}/$inclusion-proof", "AuditEvent", 'r', "operation", 'R', TrailReaders,
            Discloses.Trail, To<ProveInclusion>(r => r.AnswerAsync)),
        .. ValidateResource.Types.Select(Validate),
        .. Export,
        .. Upload,
        .. Registering,
        .. Subscription,
        .. ShowDefinitions.Types.SelectMany(Definition),
    ];

    /// <summary>The ledger itself, for whoever keeps or checks it: at the root, since it is no FHIR.</summary>
    public static readonly IReadOnlyList<Route> Log =
    [
        Signed("", To<ShowLog>(r => r.LanesAsync)),
        Signed("/checkpoint", To<ShowLog>(r => r.CheckpointsAsync)),
        Signed("/{lane:int}/checkpoint", To<ShowLog>(r => r.CheckpointAsync)),
        Signed("/key", To<ShowTree>(r => r.KeyAsync)),
        Signed("/{lane:int}/consistency", To<ShowTree>(r => r.ConsistencyAsync)),
        Signed("/{lane:int}/tile/{level:int}/{**index}", To<ShowTree>(r => r.TileAsync)),
        Leaves("/totals", To<ShowLog>(r => r.TotalsAsync)),
        Leaves("/{lane:int}/batches", To<ShowLog>(r => r.BatchesAsync)),
        Leaves("/{lane:int}/notes", To<ShowLog>(r => r.NotesAsync)),
        Leaves("/{lane:int}/tiles", To<ShowLog>(r => r.TilesAsync)),
        Leaves("/{lane:int}/stray", To<ShowLog>(r => r.StrayAsync)),
        Leaves("/{lane:int}/entries", To<ShowLog>(r => r.EntriesAsync)),
        Leaves("/{lane:int}/claims", To<ShowLog>(r => r.ClaimsAsync)),
    ];

    /// <summary>Maps the table; every request of every route goes through the <see cref="Door"/>.</summary>
    public static void Map(WebApplication app)
    {
        var door = app.Services.GetRequiredService<Door>();
        foreach (var route in Table.Concat(Log))
        {
            var room = route.Room(app.Services);
            string[] methods = route.Method == "GET" ? ["GET", "HEAD"] : [route.Method];
            app.MapMethods(route.Prefix + route.Path, methods, http => SpeltAs(route, http.Request.Path)
                ? door.EnterAsync(http, route, room)
                : NotFoundAsync(http));
        }
    }

    /// <summary>FHIR's type names are case-sensitive; the framework's routing is not.</summary>
    private static bool SpeltAs(Route route, PathString path) =>
        path.StartsWithSegments(route.Prefix + (route.Resource.Length > 0 ? "/" + route.Resource : ""),
            StringComparison.Ordinal);

    /// <summary>
    /// Whether a path would be one of the table's, were its letters' case passed over: then there is nothing there.
    /// </summary>
    public static bool IsMisspelt(PathString path)
    {
        if (!path.StartsWithSegments(Prefix, StringComparison.Ordinal, out var rest))
        {
            return path.StartsWithSegments(Prefix, StringComparison.OrdinalIgnoreCase);
        }

        var type = rest.Value!.Split('/').ElementAtOrDefault(1) ?? "";
        return Table.All(r => r.Resource != type)
            && Table.Any(r => r.Resource.Equals(type, StringComparison.OrdinalIgnoreCase));
    }

    private static Task NotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>What our resources are made of: without a token, and unrecorded, since it is about nobody.</summary>
    private static Route[] Definition(string type) =>
    [
        Search(type, Who.Public, Discloses.Nothing, To<ShowDefinitions>(r => r.SearchAsync)) with { Letter = null },
        PostedSearch(type, Who.Public, Discloses.Nothing, To<ShowDefinitions>(r => r.SearchAsync)) with
        {
            Letter = null,
        },
        Read(type, Who.Public, Discloses.Nothing, To<ShowDefinitions>(r => r.ReadAsync)) with { Letter = null },
    ];

    /// <summary>Routes whose rooms keep to the condition of a scope.</summary>
    private static IEnumerable<Route> Narrowing(params Route[] routes) => routes.Select(r => r with { Narrows = true });

    /// <summary>
    /// The line of the table that an entry of a batch meets, as the framework finds it for a request.
    /// </summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Under the base, without a leading slash.</param>
    /// <returns>Null when nothing is served there under that method.</returns>
    public static (Route Route, RouteValueDictionary Values)? Find(string method, string path)
    {
        var segments = path.Split('/');
        (Route, RouteValueDictionary Values)? found = null;
        foreach (var route in Table.Where(r => r.Method == (method == "HEAD" ? "GET" : method) && r.Prefix == Prefix))
        {
            if (Values(route.Path[1..].Split('/'), segments) is { } values
                && (found is null || values.Count < found.Value.Values.Count))
            {
                found = (route, values);
            }
        }

        return found;
    }

    private static RouteValueDictionary? Values(string[] pattern, string[] segments)
    {
        var values = new RouteValueDictionary();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern.Length != segments.Length || segments[i].Length == 0)
            {
                return null;
            }

            if (pattern[i].StartsWith('{'))
            {
                values[pattern[i].Trim('{', '}')] = Uri.UnescapeDataString(segments[i]);
            }
            else if (pattern[i] != segments[i])
            {
                return null;
            }
        }

        return values;
    }

    private static Route[] Plan(PlanView view) =>
    [
        .. Narrowing(
            Search(view.ResourceType, HealthOrCouncil, Discloses.Patients, SearchOf(view)),
            PostedSearch(view.ResourceType, HealthOrCouncil, Discloses.Patients, SearchOf(view)),
            Read(view.ResourceType, HealthOrCouncil, Discloses.Patients, To<ReadPlan>(r => c => r.ReadAsync(c, view))),
            new("GET", $"/{view.ResourceType}/{{id}}/_history/{{version}}", view.ResourceType, 'r', "vread", 'R',
                HealthOrCouncil, Discloses.Patients, To<ReadPlan>(r => c => r.ReadVersionAsync(c, view)))),
        History(view.ResourceType, To<ShowVersions>(r => r.OfOneAsync)),
        HistoryOfAll(view.ResourceType, To<ShowVersions>(r => r.OfTypeAsync)),
        Create(view.ResourceType, To<WritePlan>(r => c => r.CreateAsync(c, view))),
        Update(view.ResourceType, To<WritePlan>(r => c => r.UpdateAsync(c, view))),
        UpdateByIdentifier(view.ResourceType, To<WritePlan>(r => c => r.UpdateByIdentifierAsync(c, view))),
        Patch(view.ResourceType, To<WritePlan>(r => c => r.PatchAsync(c, view))),
        new("DELETE", $"/{view.ResourceType}/{{id}}", view.ResourceType, 'd', "delete", 'D',
            Who.Council, Discloses.Patients, To<WritePlan>(r => c => r.DeleteAsync(c, view))),
    ];

    /// <summary>Written by the organisation where it took place, person or feed; read by people.</summary>
    private static Route[] Encounter =>
    [
        .. Narrowing(
            Search("Encounter", HealthOrCouncil, Discloses.Patients, To<SearchEncounters>(r => r.AnswerAsync)),
            PostedSearch("Encounter", HealthOrCouncil, Discloses.Patients, To<SearchEncounters>(r => r.AnswerAsync)),
            Read("Encounter", HealthOrCouncil, Discloses.Patients, To<ReadEncounter>(r => r.ReadAsync)),
            new("GET", "/Encounter/{id}/_history/{version}", "Encounter", 'r', "vread", 'R', HealthOrCouncil,
                Discloses.Patients, To<ReadEncounter>(r => r.ReadVersionAsync))),
        Create("Encounter", To<WriteEncounter>(r => r.CreateAsync)) with { Who = Who.Health | Who.Feed },
        Update("Encounter", To<WriteEncounter>(r => r.UpdateAsync)) with { Who = Who.Health | Who.Feed },
    ];

    /// <summary>What councils are told of, and the notices again for those who ask for them.</summary>
    private static Route[] Subscription =>
    [
        Search("Subscription", Subscribers, Discloses.Patients, To<ShowSubscriptions>(r => r.SearchAsync)),
        PostedSearch("Subscription", Subscribers, Discloses.Patients, To<ShowSubscriptions>(r => r.SearchAsync)),
        Read("Subscription", Subscribers, Discloses.Patients, To<ShowSubscriptions>(r => r.ReadAsync)),
        Create("Subscription", To<WriteSubscription>(r => r.CreateAsync)) with { Conditional = false },
        Update("Subscription", To<WriteSubscription>(r => r.UpdateAsync)),
        new("DELETE", "/Subscription/{id}", "Subscription", 'd', "delete", 'D', Who.Council, Discloses.Patients,
            To<WriteSubscription>(r => r.DeleteAsync)),
        Telling("GET", "/Subscription/$status", Subscribers, To<ShowNotices>(r => r.StatusesAsync)),
        Telling("GET", "/Subscription/{id}/$status", Subscribers, To<ShowNotices>(r => r.StatusAsync)),
        Telling("POST", "/Subscription/{id}/$status", Subscribers, To<ShowNotices>(r => r.StatusAsync)),
        Telling("GET", "/Subscription/{id}/$events", Who.Council, To<ShowNotices>(r => r.EventsAsync)),
        Telling("POST", "/Subscription/{id}/$events", Who.Council, To<ShowNotices>(r => r.EventsAsync)),
    ];

    private static Route Telling(string method, string path, Who who, Func<IServiceProvider, RouteHandler> room) =>
        new(method, path, "Subscription", 'r', "operation", 'R', who, Discloses.Patients, room);

    /// <summary>For those who send resources; what it is given it neither stores nor shows.</summary>
    private static Route Validate(string type) => new("POST", $"/{type}/$validate", type, null, "operation", 'E',
        Who.Council | Who.Health | Who.Feed | Who.Registrar, Discloses.Patients,
        To<ValidateResource>(r => c => r.AnswerAsync(c, type)));

    private static Route[] Export =>
    [
        Exporting("GET", "/$export", To<ExportTrail>(r => r.KickOffAsync)),
        Exporting("POST", "/$export", To<ExportTrail>(r => r.KickOffAsync)),
        Exporting("GET", "/AuditEvent/$export", To<ExportTrail>(r => r.KickOffAsync)),
        Exporting("POST", "/AuditEvent/$export", To<ExportTrail>(r => r.KickOffAsync)),
        Exporting("GET", "/$export-status/{id}", To<ExportTrail>(r => r.StatusAsync)),
        Exporting("DELETE", "/$export-status/{id}", To<ExportTrail>(r => r.DeleteAsync)),
        Exporting("GET", "/$export-file/{id}/{file}", To<ExportTrail>(r => r.FileAsync)),
    ];

    /// <summary>A caseload touches several types, so the room itself asks for the scopes.</summary>
    private static Route[] Upload =>
    [
        Uploading("POST", "/$submit-caseload", To<StartUpload>(r => r.AnswerAsync)) with { Negotiated = true },
        Uploading("GET", "/$submit-caseload-status/{id}", To<ShowUpload>(r => r.StatusAsync)),
        Uploading("DELETE", "/$submit-caseload-status/{id}", To<ShowUpload>(r => r.CancelAsync)),
        Uploading("GET", "/$submit-caseload-file/{id}/{file}", To<ShowUpload>(r => r.FileAsync)),
    ];

    /// <summary>The register of people, sent by its keeper: nobody else may say who is who.</summary>
    private static Route[] Registering =>
    [
        Keeping("POST", "/$submit-register", To<StartRegister>(r => r.AnswerAsync)) with { Negotiated = true },
        Keeping("GET", "/$submit-register-status/{id}", To<ShowRegister>(r => r.StatusAsync)),
        Keeping("DELETE", "/$submit-register-status/{id}", To<ShowRegister>(r => r.CancelAsync)),
        Keeping("GET", "/$submit-register-file/{id}/{file}", To<ShowRegister>(r => r.FileAsync)),
    ];

    private static Route Keeping(string method, string path, Func<IServiceProvider, RouteHandler> room) =>
        Uploading(method, path, room) with { Who = Who.Registrar };

    private static Route Uploading(string method, string path, Func<IServiceProvider, RouteHandler> room) =>
        new(method, path, "", null, "operation", 'E', Who.Council, Discloses.Patients, room) { Negotiated = false };

    /// <summary>An export may concern several types, so the room itself asks for the scopes.</summary>
    private static Route Exporting(string method, string path, Func<IServiceProvider, RouteHandler> room) =>
        new(method, path, "", null, "operation", 'E', Who.Archive, Discloses.Trail, room) { Negotiated = false };

    /// <summary>Sizes and signed roots say nothing about anybody: who keeps them can hold us to them.</summary>
    private static Route Signed(string path, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", path, "", null, "operation", 'R', Who.Public, Discloses.Nothing, room)
        {
            Negotiated = false,
            Prefix = "/audit-log",
        };

    private static Route Leaves(string path, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", path, "", null, "operation", 'R', TrailReaders, Discloses.Trail, room)
        {
            Negotiated = false,
            Prefix = "/audit-log",
        };

    /// <summary>
    /// Two views of one ledger: auditors search the trail, others are shown the history of one patient.
    /// </summary>
    private static RouteHandler AuditEvents(IServiceProvider services)
    {
        var trail = services.GetRequiredService<SearchAuditEvents>();
        var history = services.GetRequiredService<ShowHistory>();
        return call => HealthOrCouncil.HasFlag(call.Caller.Kind) ? history.AnswerAsync(call) : trail.AnswerAsync(call);
    }

    private static Func<IServiceProvider, RouteHandler> SearchOf(PlanView view) =>
        To<SearchPlans>(r => c => r.AnswerAsync(c, view));

    private static Func<IServiceProvider, RouteHandler> To<T>(Func<T, RouteHandler> method)
        where T : notnull =>
        services => method(services.GetRequiredService<T>());

    private static Route Public(string path, string interaction, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", path, "", null, interaction, 'R', Who.Public, Discloses.Nothing, room);

    private static Route Search(
        string type, Who who, Discloses discloses, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", "/" + type, type, 's', "search-type", 'E', who, discloses, room);

    private static Route PostedSearch(
        string type, Who who, Discloses discloses, Func<IServiceProvider, RouteHandler> room) =>
        new("POST", $"/{type}/_search", type, 's', "search-type", 'E', who, discloses, room);

    private static Route Read(
        string type, Who who, Discloses discloses, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", $"/{type}/{{id}}", type, 'r', "read", 'R', who, discloses, room);

    private static Route Create(string type, Func<IServiceProvider, RouteHandler> room) =>
        new("POST", "/" + type, type, 'c', "create", 'C', Who.Council, Discloses.Patients, room) { Conditional = true };

    private static Route Update(string type, Func<IServiceProvider, RouteHandler> room) =>
        new("PUT", $"/{type}/{{id}}", type, 'u', "update", 'U', Who.Council, Discloses.Patients, room);

    private static Route Version(string type, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", $"/{type}/{{id}}/_history/{{version}}", type, 'r', "vread", 'R', Who.Council, Discloses.Patients,
            room);

    private static Route History(string type, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", $"/{type}/{{id}}/_history", type, 'r', "history-instance", 'R', Who.Council, Discloses.Patients,
            room);

    /// <summary>SMART App Launch counts it among the searches.</summary>
    private static Route HistoryOfAll(string type, Func<IServiceProvider, RouteHandler> room) =>
        new("GET", $"/{type}/_history", type, 's', "history-type", 'R', Who.Council, Discloses.Patients, room);

    private static Route Patch(string type, Func<IServiceProvider, RouteHandler> room) =>
        Update(type, room) with { Method = "PATCH", Interaction = "patch" };

    private static Route UpdateByIdentifier(string type, Func<IServiceProvider, RouteHandler> room) =>
        Update(type, room) with { Path = "/" + type };
}
