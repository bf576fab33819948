using CpIs.Server.Access;
using CpIs.Server.Plans;

namespace CpIs.Server.Bundles;

/// <summary>
/// What is posted to the base: a transaction, all or none of it, or a batch, each entry by itself.
/// http://hl7.org/fhir/R4/http.html#transaction
/// </summary>
internal sealed class TakeBundle(SubmitBundle transactions, RunBatch batches)
{
    /// <summary>Entries of one Bundle.</summary>
    private const int EntriesMax = 1000;

    public async Task AnswerAsync(Call call)
    {
        var bundle = await Incoming.BodyAsync(call);
        if (Incoming.Text(bundle, "resourceType") != "Bundle")
        {
            throw Refused.BadBody("The body posted to the base must be a Bundle.");
        }

        switch (Incoming.Text(bundle, "type"))
        {
            case "transaction":
                await transactions.AnswerAsync(call, BundleEntry.All(bundle, EntriesMax));
                break;
            case "batch":
                call.Interaction = "batch";
                await batches.AnswerAsync(call, BundleEntry.All(bundle, EntriesMax));
                break;
            default:
                throw Refused.BadBody("The Bundle's type must be transaction or batch.");
        }
    }
}
