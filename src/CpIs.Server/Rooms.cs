using CpIs.Fhir;
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
using CpIs.Server.Replays;
using CpIs.Server.Sandbox;
using CpIs.Server.Summary;
using CpIs.Server.Uploads;
using CpIs.Server.Validating;
using CpIs.Server.Versions;

namespace CpIs.Server;

/// <summary>The rooms of the <see cref="House"/>: what answers requests, and what works behind them.</summary>
internal static class Rooms
{
    public static void Add(IServiceCollection services, ServerOptions options, string connection)
    {
        services.AddSingleton(_ => Profiles.Load()).AddSingleton<ShowDefinitions>()
            .AddSingleton(s => new ShowCapabilities(s.GetRequiredService<Profiles>(),
                s.GetService<TokenIssuer>()?.TokenAddress, options.Browsers.Any(options.Sandbox)));
        AddAccess(services);
        AddOrganizations(services);
        AddPlans(services);
        AddDemographics(services, options);
        AddEncounters(services, options);
        AddTrail(services);
        AddUploads(services);
        AddNotices(services, connection);
    }

    private static void AddAccess(IServiceCollection services)
    {
        services.AddSingleton<Door>().AddSingleton<TokenCache>().AddSingleton<Rates>().AddSingleton<Denials>()
            .AddSingleton<Browsing>().AddSingleton<Readiness>();
        services.AddHostedService(s => s.GetRequiredService<Denials>());
    }

    private static void AddOrganizations(IServiceCollection services) =>
        services.AddSingleton<OrganizationStore>().AddSingleton<Register>()
            .AddSingleton<SearchOrganizations>().AddSingleton<ReadOrganization>()
            .AddSingleton<WriteOrganization>().AddSingleton<Newcomers>();

    private static void AddPlans(IServiceCollection services)
    {
        services.AddSingleton<ValidateResource>();
        services.AddSingleton<WriteOnce>().AddSingleton<RememberedStore>().AddSingleton<Forgetting>()
            .AddHostedService(s => s.GetRequiredService<Forgetting>());
        services.AddSingleton<PlanStore>().AddSingleton<Submit>().AddSingleton<Incoming>();
        services.AddSingleton<ClockStore>().AddSingleton<ClockWorker>()
            .AddHostedService(s => s.GetRequiredService<ClockWorker>());
        services.AddSingleton<PlanListStore>();
        services.AddSingleton<SearchPlans>().AddSingleton<ReadPlan>().AddSingleton<WritePlan>()
            .AddSingleton<PatchPlan>()
            .AddSingleton<SubmitBundle>().AddSingleton<RunBatch>().AddSingleton<TakeBundle>();
        services.AddSingleton<VersionStore>().AddSingleton<ShowVersions>();
        services.AddSingleton<SupersessionStore>().AddSingleton<Supersede>();
        services.AddSingleton<SearchPatients>().AddSingleton<ReadPatient>().AddSingleton<PutPatient>();
    }

    private static void AddDemographics(IServiceCollection services, ServerOptions options) =>
        services.AddSingleton<PersonStore>().AddSingleton<TakePeople>().AddSingleton<RegisterJobStore>()
            .AddSingleton<StartRegister>().AddSingleton<ShowRegister>().AddSingleton<TakeLinks>()
            .AddHostedService<RegisterWorker>()
            .AddSingleton(s => options.Demographics.Choose(s, options.Sandbox));

    private static void AddEncounters(IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton<EncounterStore>().AddSingleton<SearchEncounters>().AddSingleton<ReadEncounter>()
            .AddSingleton<WriteEncounter>().AddSingleton<AttendanceStore>()
            .AddSingleton(options.Attendance);
        services.AddSingleton<SummaryStore>().AddSingleton<SearchCareTeams>().AddSingleton<ShowSummary>();
    }

    private static void AddTrail(IServiceCollection services)
    {
        services.AddSingleton<TrailStore>().AddSingleton<SearchAuditEvents>().AddSingleton<ReadAuditEvent>()
            .AddSingleton<ShowHistory>();
        services.AddSingleton<AlertStore>().AddSingleton<Alerts>()
            .AddHostedService(s => s.GetRequiredService<Alerts>());
        services.AddSingleton<ExportStore>().AddSingleton<ExportTrail>().AddHostedService<ExportWorker>();
        services.AddSingleton<LogStore>().AddSingleton<ShowLog>().AddSingleton<ShowTree>()
            .AddSingleton<ProveInclusion>();
    }

    private static void AddUploads(IServiceCollection services) =>
        services.AddSingleton<UploadStore>().AddSingleton<StagingStore>().AddSingleton<JudgeStore>()
            .AddSingleton<OutcomeStore>().AddSingleton<AbsentStore>().AddSingleton<RowRules>()
            .AddSingleton<ApplyRows>().AddSingleton<EndAbsent>().AddSingleton<MarkUnconfirmed>()
            .AddSingleton<StartUpload>().AddSingleton<ShowUpload>().AddSingleton<UploadWorker>()
            .AddHostedService(s => s.GetRequiredService<UploadWorker>());

    private static void AddNotices(IServiceCollection services, string connection)
    {
        services.AddSingleton(_ => new NoticeDatabase(connection)).AddSingleton<Doorman>().AddSingleton<Receivers>()
            .AddSingleton<SubscriptionStore>().AddSingleton<SubscriptionParts>().AddSingleton<WriteSubscription>()
            .AddSingleton<ShowSubscriptions>().AddSingleton<ShowNotices>();
        services.AddSingleton<FollowerStore>().AddSingleton<LapseStore>().AddSingleton<SenderStore>()
            .AddSingleton<Delivery>().AddHostedService<Follower>().AddHostedService<Sender>();
        services.AddSingleton<BacklogStore>().AddHostedService<Backlog>();
    }
}
