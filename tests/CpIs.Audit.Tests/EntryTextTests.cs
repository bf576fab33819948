using System.Text;
using FluentAssertions;

namespace CpIs.Audit.Tests;

public class EntryTextTests
{
    public static TheoryData<string> Awkward => new(
        "a\0b", "a\ud800b", "\udc00", "caf\u0065\u0301", "\u1e9b\u0323", "a\u001fb", "\ud83d\ude00",
        new string('x', 5000),
        string.Concat(Enumerable.Repeat("\ud83d\ude00", 300)), "\uffff", "quote\"back\\slash\nline\tx");

    [Theory]
    [MemberData(nameof(Awkward))]
    public async Task No_text_a_caller_sends_can_keep_its_entry_from_being_stored(string text)
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));

        await log.RecordAsync(Everywhere(text));

        (await database.ScalarAsync<string>("select agent_name from ledger.entry"))
            .Should().Be(EntryText.Clean(text, EntryText.NameCharsMax));
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public void Texts_are_composed_cut_at_whole_characters_and_free_of_halves()
    {
        EntryText.Clean("e\u0301", 10).Should().Be("\u00e9");
        EntryText.Clean("a\0b\ud800", 10).Should().Be("a\ufffdb\ufffd");
        EntryText.Clean("abc\ud83d\ude00", 4).Should().Be("abc");
        EntryText.Clean("abcdef", 3).Should().Be("abc");
        EntryText.CleanReference("Flag/\"x\"\n", 20).Should().Be("Flag/\ufffdx\ufffd\ufffd");
    }

    [Fact]
    public void A_request_too_long_to_keep_is_kept_as_its_hash_and_length()
    {
        var exact = new byte[EntryText.QueryBytesMax];
        EntryText.CleanQuery(exact).Should().BeSameAs(exact);

        var kept = Encoding.ASCII.GetString(EntryText.CleanQuery(new byte[EntryText.QueryBytesMax + 1])!);

        kept.Should().MatchRegex("^sha-256=[0-9a-f]{64};length=8193$");
    }

    [Fact]
    public void An_id_holds_the_time_and_the_place_in_its_batch()
    {
        var at = new DateTimeOffset(2026, 11, 2, 3, 4, 5, 678, TimeSpan.Zero);

        var ids = Enumerable.Range(0, 3).Select(i => EntryId.Of(at, i).ToString()).ToArray();

        ids.Should().OnlyContain(id => id[14] == '7' && "89ab".Contains(id[19], StringComparison.Ordinal));
        ids.Select(id => id[15..18]).Should().Equal("000", "001", "002");
        var milliseconds = Convert.ToInt64(ids[0][..8] + ids[0][9..13], 16);
        DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).Should().Be(at);
        EntryId.Of(at, 100_000).ToString()[15..18].Should().Be("fff");
    }

    private static AuditEntry Everywhere(string text) => new()
    {
        Kind = text,
        Interaction = text,
        Action = text[0],
        Reason = text,
        NhsNumber = text,
        Disclosed = [text, "", "Flag/a"],
        ResourceType = text,
        ResourceId = text,
        Query = Encoding.Unicode.GetBytes(text),
        AgentIssuer = text,
        AgentSubject = text,
        AgentUserId = text,
        AgentName = text,
        AgentRole = text,
        ActivityCode = text,
        Organisation = text,
        OrganisationName = text,
        ClientId = text,
        TokenId = text,
        PurposeOfUse = text,
        PurposeReason = text,
        Address = text,
        Setting = text,
        RequestId = text,
        CorrelationId = text,
        Instance = text,
        InHistory = true,
    };
}
