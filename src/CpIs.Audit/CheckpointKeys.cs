namespace CpIs.Audit;

/// <summary>
/// The key that signs, and the public halves of those that did so before it: after a change of key a lane must still
/// prove that it continues what the old key signed.
/// </summary>
internal sealed record CheckpointKeys(CheckpointKey Present, IReadOnlyList<CheckpointVerifier> Earlier)
{
    /// <summary>Every key a checkpoint of ours may carry, the present one first.</summary>
    internal IReadOnlyList<CheckpointVerifier> Verifiers { get; } = [Present.Verifier, .. Earlier];

    /// <summary>Null when nothing is to be signed.</summary>
    internal static CheckpointKeys? Of(AuditLogOptions options) => options.CheckpointKeyFile is not { } file ? null
        : new CheckpointKeys(
            CheckpointKey.FromFile(file),
            options.EarlierKeysFile is { } earlier && File.Exists(earlier) ? CheckpointVerifier.FromFile(earlier) : []);
}
