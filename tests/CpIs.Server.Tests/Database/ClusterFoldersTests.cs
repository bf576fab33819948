using System.Text;
using CpIs.Server.Database;
using CpIs.Testing;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>Where the cluster lives, and what is refused before anything is made.</summary>
public sealed class ClusterFoldersTests
{
    [Fact]
    public void Without_a_data_folder_the_checkout_holds_the_data()
    {
        var folders = ClusterFolders.Decide(null, "/srv/ada/cpis", borrowedAccount: false);

        folders.Data.Should().Be("/srv/ada/cpis/.data");
        folders.Socket.Should().Be("/srv/ada/cpis/.data/postgres/socket");
    }

    [Fact]
    public void As_root_the_data_lies_where_the_database_user_can_enter_and_each_checkout_has_its_own()
    {
        var one = ClusterFolders.Decide(null, "/srv/one", borrowedAccount: true);
        var two = ClusterFolders.Decide(null, "/srv/two", borrowedAccount: true);

        one.Data.Should().MatchRegex("^/var/lib/cpis/[0-9a-f]{16}$");
        one.Socket.Should().Be("/run/cpis/" + Path.GetFileName(one.Data));
        two.Data.Should().NotBe(one.Data);
        ClusterFolders.Decide(null, "/srv/one", borrowedAccount: true).Should().Be(one);
    }

    [Fact]
    public void A_deep_checkout_still_gets_a_socket_path_the_kernel_takes()
    {
        var deep = "/srv/" + string.Join('/', Enumerable.Repeat("folder", 30));

        var folders = ClusterFolders.Decide(null, deep, borrowedAccount: false);

        folders.Data.Should().StartWith(deep);
        Encoding.UTF8.GetByteCount(folders.Socket + "/.s.PGSQL.5432").Should().BeLessThanOrEqualTo(107);
    }

    [Fact]
    public async Task A_data_folder_the_database_user_cannot_reach_is_refused_by_name()
    {
        var account = await DatabaseAccount.FindAsync(default);
        if (account.BorrowedName is null)
        {
            // Whoever is not root runs the database as themselves: nothing they can make is out of their reach.
            return;
        }
        var closed = TestCluster.NewDataFolder();
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            var asked = Path.Combine(closed, "data");

            var start = () => EmbeddedCluster.StartAsync(asked, default);

            (await start.Should().ThrowAsync<StartRefusedException>())
                .WithMessage($"--data {asked}:*'{account.BorrowedName}'*cannot enter '{closed}'*");
        }
        finally
        {
            Directory.Delete(closed, recursive: true);
        }
    }

    [Fact]
    public void Without_PostgreSQL_the_message_is_the_line_that_installs_it()
    {
        var find = () => PostgresPrograms.Find("/nowhere:/nor/here", [("/nor/there", "")]);

        find.Should().Throw<StartRefusedException>().WithMessage("*apt-get install postgresql*");
    }

    [Fact]
    public void The_newest_complete_PostgreSQL_of_the_distribution_is_taken_and_none_older_than_fifteen()
    {
        var parent = TestCluster.NewDataFolder();
        try
        {
            Install(parent, "9", "initdb", "postgres", "pg_ctl");
            Install(parent, "14", "initdb", "postgres", "pg_ctl");
            Install(parent, "15", "initdb", "postgres", "pg_ctl");
            Install(parent, "17", "initdb", "postgres", "pg_ctl");
            Install(parent, "18", "psql");

            PostgresPrograms.Find("", [(parent, "")]).Folder.Should().Be(Path.Combine(parent, "17", "bin"));

            Directory.Delete(Path.Combine(parent, "17"), recursive: true);
            Directory.Delete(Path.Combine(parent, "15"), recursive: true);
            var find = () => PostgresPrograms.Find("", [(parent, "")]);
            find.Should().Throw<StartRefusedException>();
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    [Fact]
    public void A_PostgreSQL_on_PATH_is_taken_when_it_is_new_enough_and_whole()
    {
        var parent = TestCluster.NewDataFolder();
        try
        {
            var old = InstallOnPath(parent, "old", "postgres (PostgreSQL) 13.9");
            var gone = InstallOnPath(parent, "gone", "postgres (PostgreSQL) 18.1");
            File.Delete(Path.Combine(gone, "pg_ctl"));
            File.CreateSymbolicLink(Path.Combine(gone, "pg_ctl"), Path.Combine(parent, "uninstalled"));
            var good = InstallOnPath(parent, "good", "postgres (PostgreSQL) 16.2 (Debian 16.2-1)");

            PostgresPrograms.Find($"{old}:{gone}:{good}", []).Folder.Should().Be(good);

            var find = () => PostgresPrograms.Find($"{old}:{gone}", []);
            find.Should().Throw<StartRefusedException>();
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    private static string InstallOnPath(string parent, string name, string version)
    {
        Install(parent, name, "initdb", "postgres", "pg_ctl");
        var folder = Path.Combine(parent, name, "bin");
        var postgres = Path.Combine(folder, "postgres");
        File.WriteAllText(postgres, $"#!/bin/sh\necho '{version}'\n");
        File.SetUnixFileMode(postgres, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private static void Install(string parent, string version, params string[] programs)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, version, "bin")).FullName;
        foreach (var program in programs)
        {
            File.WriteAllText(Path.Combine(folder, program), "");
        }
    }
}
