namespace CpIs.Cli.Caseloads;

/// <summary>Names of people who do not exist, with the accents, hyphens and apostrophes that real files have.</summary>
internal sealed class InventedNames(Draw draw)
{
    private const int DoubleNamesInHundred = 6;

    private static readonly string[] Beginnings =
    [
        "Ash", "Birch", "Bramble", "Cinder", "Copper", "Dún", "Ebon", "Fallow", "Gorse", "Hazel", "Iron", "Juniper",
        "Kiln", "Larch", "Marl", "Nettle", "O'Fern", "Pebble", "Quill", "Rowan", "Sedge", "Thistle", "Umber", "Yarrow",
    ];

    private static readonly string[] Endings =
    [
        "acre", "bank", "barrow", "beck", "by", "combe", "croft", "dale", "den", "fold", "ford", "garth", "gate", "ham",
        "holm", "lane", "ley", "mere", "moss", "shaw", "stead", "thwaite", "well", "worth",
    ];

    private static readonly string[] Given =
    [
        "Aiden", "Amara", "Anne-Marie", "Anwen", "Arlo", "Bea", "Bronagh", "Cai", "Chidi", "Corin", "Dara", "Deva",
        "Elfed", "Elowen", "Esme", "Faiz", "Fen", "Gethin", "Halina", "Hana", "Idris", "Ines", "Jory", "Kamil",
        "Kwabena", "Leila", "Linus", "Maeve", "Małgosia", "Merryn", "Milo", "Neve", "Nuala", "Oisín", "Orla", "Priya",
        "Quentin", "Rafe", "Renée", "Rhys", "Rosa", "Saoirse", "Sefton", "Séraphine", "Simran", "Sorrel", "Tamsin",
        "Tegan", "Tymon", "Una", "Viggo", "Wren", "Xanthe", "Yusuf", "Zofia", "Zoë",
    ];

    public string Family()
    {
        var family = Single();
        return draw.InHundred(DoubleNamesInHundred) ? $"{family}-{Single()}" : family;
    }

    public string First() => draw.One(Given);

    private string Single() => draw.One(Beginnings) + draw.One(Endings);
}
