Profile: CpIsEpisodeOfCare
Parent: EpisodeOfCare
Id: CpIs-EpisodeOfCare
Title: "Plan"
Description: "One plan of one council for one person: its kind, its days and who is responsible. It leads; its Flag follows."
* insert Closed
* insert OnlyListedExtensions
* extension contains CpIsDueDate named dueDate 0..1 and CpIsFollowsPlan named followsPlan 0..1
* obeys cpis-closed-1 and cpis-status-1 and cpis-due-1 and cpis-follows-1
* insert PlanIdentifier
* status from CpIsPlanStatus (required)
* statusHistory 0..0
* type 1..1
* type from CpIsPlanKind (required)
* type.coding 1..1
* type.coding.system 1..1
* type.coding.code 1..1
* type.text 0..0
* diagnosis 0..0
* insert PersonReference(patient)
* insert CouncilReference(managingOrganization)
* insert PlanPeriod
* referralRequest 0..0
* careManager 0..0
* team 0..0
* account 0..0
