using System.Xml.Linq;
using Dapper;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace CpIs.Server.Database;

/// <summary>
/// Keeps the keys of page links in the database, so that the next page may be asked of another server than the one
/// before. The framework reads them at the start and once a day, and makes a new one every ninety days; it knows no
/// asynchronous way.
/// https://learn.microsoft.com/aspnet/core/security/data-protection/extensibility/key-management
/// </summary>
internal sealed class PageKeys(NpgsqlDataSource database) : IXmlRepository
{
    private const string All = "select element from cpis.page_key order by made, name";

    private const string Add = """
        insert into cpis.page_key (name, element) values (@name, @element) on conflict (name) do nothing
        """;

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var connection = database.CreateConnection();
        return [.. connection.Query<string>(new CommandDefinition(All)).Select(XElement.Parse)];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        ArgumentNullException.ThrowIfNull(element);
        using var connection = database.CreateConnection();
        connection.Execute(new CommandDefinition(
            Add, new { name = friendlyName, element = element.ToString(SaveOptions.DisableFormatting) }));
    }
}
