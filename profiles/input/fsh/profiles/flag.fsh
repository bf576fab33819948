Profile: CpIsFlag
Parent: Flag
Id: CpIs-Flag
Title: "Alert for a plan"
Description: "The alert a clinician sees: one Flag for one plan, saying which kind, since when, and which council to call."
* insert Closed
* insert OnlyListedExtensions
* extension contains $FlagDetail named detail 1..1
* extension[detail].value[x] only Reference(CpIsEpisodeOfCare)
* extension[detail].valueReference obeys cpis-episode-1
* obeys cpis-closed-1
* insert PlanIdentifier
* category 0..1
* category.coding 1..1
* category.coding.system 1..1
* category.coding.system = $FlagCategory
* category.coding.code 1..1
* category.coding.code = #child-protection-information-system-flag
* category.text 0..0
* code.text 0..0
* code.coding 1..2
* code.coding ^slicing.discriminator.type = #value
* code.coding ^slicing.discriminator.path = "system"
* code.coding ^slicing.rules = #closed
* code.coding contains kind 1..1 and england 0..1
* code.coding[kind] from CpIsPlanKind (required)
* code.coding[kind].system 1..1
* code.coding[kind].system = $SCT (exactly)
* code.coding[kind].code 1..1
* code.coding[england].system 1..1
* code.coding[england].system = $FlagCategory (exactly)
* code.coding[england].code 1..1
* code.coding[england].code = #child-protection-information-system-flag
* insert PersonReference(subject)
* insert PlanPeriod
* encounter 0..0
* insert CouncilReference(author)
