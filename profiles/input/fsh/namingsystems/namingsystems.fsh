Instance: CpIs-CouncilPlan
InstanceOf: NamingSystem
Usage: #definition
* name = "CpIsCouncilPlan"
* status = #active
* kind = #identifier
* date = "2026-01-01"
* description = "A council's own number of a plan; the council's ODS code follows as the last part of the system."
* uniqueId[0].type = #uri
* uniqueId[0].value = "https://fhir.cpis.example/Id/council-plan"

Instance: CpIs-CouncilPerson
InstanceOf: NamingSystem
Usage: #definition
* name = "CpIsCouncilPerson"
* status = #active
* kind = #identifier
* date = "2026-01-01"
* description = "A council's own number of a person; the council's ODS code follows as the last part of the system."
* uniqueId[0].type = #uri
* uniqueId[0].value = "https://fhir.cpis.example/Id/council-person"
