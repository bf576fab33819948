Alias: $EpisodeStatus = http://hl7.org/fhir/episode-of-care-status
Alias: $ContactPointUse = http://hl7.org/fhir/contact-point-use

ValueSet: CpIsPlanStatus
Id: CpIs-PlanStatus
Title: "Plan status"
Description: "The statuses a shared plan may have."
* ^experimental = false
* $EpisodeStatus#planned "Planned"
* $EpisodeStatus#active "Active"
* $EpisodeStatus#finished "Finished"
* $EpisodeStatus#entered-in-error "Entered in error"

ValueSet: CpIsTelephoneUse
Id: CpIs-TelephoneUse
Title: "Telephone use"
Description: "Work is the office-hours telephone, mobile the emergency duty team's."
* ^experimental = false
* $ContactPointUse#work "Work"
* $ContactPointUse#mobile "Mobile"

ValueSet: CpIsOrganizationKind
Id: CpIs-OrganizationKind
Title: "Organization kind"
Description: "Councils are govt, providers of care prov, all others other."
* ^experimental = false
* $OrganizationType#govt "Government"
* $OrganizationType#prov "Healthcare Provider"
* $OrganizationType#other "Other"
