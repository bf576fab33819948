using System.Reflection;
using CpIs.Audit;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// A store hands out envelopes: Sealed for what may become an answer, which only the ledger opens, Internal for the
/// server's own work. A plain answer from a store would be a look without a trace.
/// </summary>
internal static class StoreReads
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IEnumerable<Type> Stores(Assembly server) =>
        server.GetTypes().Where(type => type.Name.Finishes("Store") && type.DeclaringType is null);

    public static IEnumerable<string> Faults(Type store) =>
        store.GetMethods(Declared).Where(method => !method.IsPrivate && !method.IsSpecialName)
            .Where(method => !IsEnvelope(Awaited(method.ReturnType)))
            .Select(method => $"{store.Name}.{method.Name} hands out {method.ReturnType} without an envelope");

    private static Type Awaited(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var outer
            && (outer == typeof(Task<>) || outer == typeof(ValueTask<>) || outer == typeof(IAsyncEnumerable<>))
            ? type.GetGenericArguments()[0]
            : type;

    private static bool IsEnvelope(Type type) =>
        type == typeof(void) || type == typeof(Task) || type == typeof(ValueTask)
        || (type.IsGenericType && type.GetGenericTypeDefinition() is var outer
            && (outer == typeof(Sealed<>) || outer == typeof(Internal<>)));
}
