using System.Reflection;
using CpIs.Audit;
using Npgsql;

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
        store.GetMethods(Declared).Where(method => !method.IsPrivate && !TakesReader(method))
            .Where(method => Awaited(method.ReturnType) is { } answer && !IsEnvelope(answer))
            .Select(method => $"{store.Name}.{method.Name} hands out {method.ReturnType} without an envelope");

    // Whoever brings a reader is a store in the middle of its own read, which hands out an envelope itself.
    private static bool TakesReader(MethodInfo method) =>
        method.GetParameters().Any(one => one.ParameterType == typeof(NpgsqlDataReader));

    // What is not awaited has not been to the database: a store asks it asynchronously or not at all.
    private static Type? Awaited(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var outer
            && (outer == typeof(Task<>) || outer == typeof(ValueTask<>) || outer == typeof(IAsyncEnumerable<>))
            ? type.GetGenericArguments()[0]
            : null;

    private static bool IsEnvelope(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var outer
        && (outer == typeof(Sealed<>) || outer == typeof(Internal<>));
}
