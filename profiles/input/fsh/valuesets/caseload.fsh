ValueSet: CpIsPlanNames
Id: CpIs-PlanNames
Title: "Plan names"
Description: "How a caseload row may name the kind of plan: by name, by SNOMED CT code, or as the V3 service did."
* ^experimental = false
* CpIsPlanName#child-protection "Child protection plan"
* CpIsPlanName#looked-after "Looked after child"
* CpIsPlanName#unborn "Unborn child plan"
* $SCT#342191000000101 "Subject to child protection plan"
* $SCT#764841000000100 "Looked after child"
* $SCT#818901000000100 "Unborn child subject to child protection plan"
* CpIsPlanName#CPPIU "Child protection plan"
* CpIsPlanName#LACIU "Looked after child"
* CpIsPlanName#UCPIU "Unborn child plan"

ValueSet: CpIsRemovals
Id: CpIs-Removals
Title: "Removals"
Description: "Why a council takes a plan back."
* ^experimental = false
* CpIsRemoval#error "Entered in error"
* CpIsRemoval#died "The child has died"
* CpIsRemoval#pregnancy-ended "The pregnancy has ended"
* CpIsRemoval#adopted "The child was adopted"
* CpIsRemoval#number-changed "The NHS number has changed"
